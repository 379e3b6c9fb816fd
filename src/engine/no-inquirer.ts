/** Stands in the bundle for inquirer, with which plop asks questions when it runs by itself; it is never called here. */
const inquirer = { registerPrompt: () => undefined };

export default inquirer;
