import { changeUnderEvent, underEvent } from '../events/events.ts';
import { about, remove } from '../state/find.ts';
import { ApiError, empty, json } from '../http/answer.ts';
import { inputValue } from '../http/input.ts';
import { userOf, type ApiRequest } from '../http/request.ts';
import { routes, type Route } from '../http/router.ts';
import { first } from '../http/values.ts';
import { isEmail } from '../names.ts';
import { isAllowed, permissionsOf } from '../permissions/permissions.ts';
import type { User } from '../state/records.ts';
import { userView, type UserView } from '../user-view.ts';
import type { World } from '../world.ts';
import { findUser, isPasswordLength } from './auth.ts';

export const USERS_ROUTES: Route[] = [
  ...routes({
    '1.0 POST /users': createUser,
  }, true),
  ...routes({
    '1.0 GET /users': listUsers,
    '1.0 DELETE /users': removeUser,
    '1.0 GET /users/info': (request, world) => json(ownView(world, userOf(request))),
  }),
];

function listUsers(request: ApiRequest, world: World) {
  const reader = userOf(request);
  const [email, role, value] = ['userEmail', 'role', 'context'].map((name) => first(request.query, name));
  const all = isAllowed(world.state, reader, 'user.update');
  const { permissions } = permissionsOf(world.state, reader);
  const isAsked = ({ Email, Roles }: UserView): boolean =>
    (email === '' && role === '') ||
    (email !== '' && Email === email) ||
    (role !== '' && Roles.some(({ Name, ContextValue }) => Name === role && (value === '' || ContextValue === value)));
  const views = world.state.users.flatMap((user) => userView(world.state, permissions, user, all) ?? []).filter(isAsked);
  if (views.length > 0) return json(views);
  if (value !== '') throw new ApiError(404, 'Wrong context being passed.');
  return json([ownView(world, reader)]);
}

function ownView({ state }: World, user: User): UserView | undefined {
  return userView(state, permissionsOf(state, user).permissions, user, true);
}

async function createUser(request: ApiRequest, world: World) {
  if (request.user === undefined || !isAllowed(world.state, request.user, 'user.create')) {
    throw new ApiError(401, 'User registration is disabled for non-admin users.');
  }
  const [email, password] = ['email', 'password'].map((name) => inputValue(request, name)) as [string, string];
  const options = { ...aboutUser(email), kind: 'user.create', owner: email, secrets: ['password'] };
  await underEvent(world, request, options, () => {
    if (!isEmail(email)) throw new ApiError(400, 'invalid email');
    if (!isPasswordLength(password)) throw new ApiError(400, 'password length should be least 6 characters and at most 50 characters');
    if (world.state.users.some((one) => one.email === email)) throw new ApiError(409, 'this email is already registered');
    world.state.users.push({ email, password, tokens: [], roles: [] });
  });
  return empty(201);
}

function removeUser(request: ApiRequest, world: World) {
  const email = first(request.query, 'user') || userOf(request).email;
  return changeUnderEvent(request, world, { ...aboutUser(email), kind: 'user.delete' }, () => {
    remove(world.state.users, findUser(world.state, email, 404));
  });
}

function aboutUser(email: string) {
  return about('user', email, [{ CtxType: 'user', Value: email }]);
}
