import { ApiError, empty, json } from '../http/answer.ts';
import { inputValues } from '../http/input.ts';
import { param, userOf, type ApiRequest } from '../http/request.ts';
import { routes, type Route } from '../http/router.ts';
import { tokenOf } from '../http/token.ts';
import { isEmail } from '../names.ts';
import type { State, User } from '../state/records.ts';
import { ROOT } from '../state/seed.ts';
import type { World } from '../world.ts';

export const AUTH_ROUTES: Route[] = [
  ...routes({
    '1.0 GET /auth/scheme': () => json({ name: 'native', data: {} }),
    '1.18 GET /auth/schemes': () => json([{ name: 'native', default: true, data: {} }]),
    '1.0 POST /auth/login': logIn,
    '1.0 POST /users/{email}/tokens': logIn,
  }, true),
  ...routes({
    '1.0 DELETE /users/tokens': logOut,
  }),
];

/** Gives a new token; the first user gets the sandbox's own again. */
function logIn(request: ApiRequest, world: World) {
  const field = (name: string) => inputValues(request, name)?.[0];
  const [email, password] = [field('email') ?? param(request, 'email'), field('password')];
  if (password === undefined) throw new ApiError(400, 'you must provide a password to login');
  const user = findUser(world.state, email);
  requirePassword(user, password);
  const token = ownToken(user) ?? world.newSecret();
  if (!user.tokens.includes(token)) user.tokens.push(token);
  world.changed();
  return json({ token }, { isText: true });
}

/** The token of the request ends; the sandbox's own holds as long as the sandbox runs. */
function logOut(request: ApiRequest, world: World) {
  const user = userOf(request);
  const token = tokenOf(request.incoming.headers.authorization);
  user.tokens = user.tokens.filter((one) => one !== token || one === ownToken(user));
  world.changed();
  return empty();
}

function ownToken({ email, tokens }: User): string | undefined {
  return email === ROOT ? tokens[0] : undefined;
}

/** @throws ApiError with 404, or with `invalid` for what is no address */
export function findUser({ users }: State, email: string, invalid = 400, missing = 404): User {
  if (!isEmail(email)) throw new ApiError(invalid, 'invalid email');
  const user = users.find((one) => one.email === email);
  if (user === undefined) throw new ApiError(missing, 'user not found');
  return user;
}

function requirePassword(user: User, password: string): void {
  if (!isPasswordLength(password)) throw new ApiError(400, 'Password length should be least 6 characters and at most 50 characters.');
  if (password !== user.password) throw new ApiError(401, 'Authentication failed, wrong password.');
}

/** 6 to 50 bytes. */
export function isPasswordLength(password: string): boolean {
  const { length } = Buffer.from(password);
  return length >= 6 && length <= 50;
}
