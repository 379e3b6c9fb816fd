// `npm run dev` runs the TypeScript as it is, and starts it again after every save.
// It watches `[.]env` beside `.env`: as a pattern, nodemon sees the file also when an editor has moved it away and written it anew.
import 'ts-blank-space/register';

await import('./src/main.ts');
