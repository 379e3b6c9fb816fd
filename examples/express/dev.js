// `npm run dev` runs the TypeScript as it is, and starts it again after every save.
import 'ts-blank-space/register';

await import('./src/main.ts');
