import js from '@eslint/js';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist', 'templates', 'examples', 'my-service', 'test/**/fixtures'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      curly: ['error', 'multi-line', 'consistent'],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
    },
  },
  {
    files: ['src/**'],
    // The command line hands on what of the process the others need. The last three still take it for themselves.
    ignores: ['src/cli.ts', 'src/project/claim.ts', 'src/project/proof.ts', 'src/project/root.ts'],
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
