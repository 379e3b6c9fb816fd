import type { Answers, EndpointAnswer } from '../answers/answers.ts';
import { didYouMean, usage } from '../terminal/options.ts';

/** The answers with one more endpoint, inserted before the first one with a later name. @throws ExpectedError when its name is taken */
export function withEndpoint(answers: Answers, added: EndpointAnswer): Answers {
  const { endpoints } = answers;
  if (endpoints.some(({ name }) => name === added.name)) {
    throw usage(`There is an endpoint "${added.name}" already.`, `Choose another name, or run npx create-tsuru-service endpoint remove ${added.name}.`);
  }
  const at = endpoints.findIndex(({ name }) => name > added.name);
  return { ...answers, endpoints: at === -1 ? [...endpoints, added] : endpoints.toSpliced(at, 0, added) };
}

/** The answers without an endpoint. @throws ExpectedError when no endpoint has that name */
export function withoutEndpoint(answers: Answers, removed: string): Answers {
  const names = answers.endpoints.map(({ name }) => name);
  if (!names.includes(removed)) {
    throw usage(
      `There is no endpoint "${removed}".`,
      didYouMean(removed, names) ?? `Existing endpoints: ${names.join(', ') || 'none'}.`,
    );
  }
  return { ...answers, endpoints: answers.endpoints.filter(({ name }) => name !== removed) };
}
