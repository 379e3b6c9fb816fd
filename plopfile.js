import 'ts-blank-space/register';

/** `npx plop` lists the generators, and `npx plop service` writes a project with the default answers. */
export default async function plopfile(plop) {
  const { default: generators } = await import('./generators/index.ts');
  const { writeWithPlop } = await import('./generators/plop.ts');
  generators(plop);
  writeWithPlop(plop);
}
