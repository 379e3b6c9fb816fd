/** The checks of `--quick`: what one life of an instance needs, all of the level `must`. */
export const QUICK: readonly string[] = [
  'plans.readable',
  'create.success',
  'create.repeat',
  'status.readable',
  'info.readable',
  'update.not-found',
  'bind-app.success',
  'bind-app.repeat',
  'bind-job.success',
  'unbind-app.success',
  'unbind-job.success',
  'destroy.success',
  'destroy.gone',
  'auth.missing',
];
