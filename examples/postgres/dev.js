// `npm run dev` runs the TypeScript without a build, and restarts it after every save.
// It watches the pattern `[.]env` as well as `.env`: some editors replace the file, and nodemon misses that when it watches a plain name.
import 'ts-blank-space/register';

await import('./src/main.ts');
