import js from '@eslint/js';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['**/dist', 'templates', 'examples', 'my-service', 'test/**/fixtures'] },
  js.configs.recommended,
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      curly: ['error', 'multi-line', 'consistent'],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
    },
  },
  {
    files: ['src/**/*.{ts,tsx}', 'generators/**/*.ts'],
    // The two entries hand on what the other files need of the process.
    ignores: ['src/cli.ts', 'src/index.ts'],
    rules: {
      'no-restricted-globals': ['error', 'process'],
      'no-restricted-imports': ['error', 'node:process', 'process', 'node:child_process', 'child_process'],
    },
  },
  {
    files: ['**/*.mjs', '*.js'],
    languageOptions: {
      globals: { AbortController: 'readonly', Buffer: 'readonly', performance: 'readonly', process: 'readonly', URLSearchParams: 'readonly' },
    },
  },
);
