import { render } from 'preact';

import { SandboxPage } from './app.tsx';

render(<SandboxPage />, document.body);
