import type { Answers, EndpointAnswer } from '../src/answers/answers.ts';

/** The action `render`: fills one layer of `templates/` with the answers. */
export interface RenderAction {
  type: 'render';
  /** The folder of `templates/`. `secret` is rendered only where there is a password to put into it. */
  layer: string;
  answers: Answers;
  /** The endpoint that the layer is for. */
  endpoint?: EndpointAnswer;
}

/** The action `write`: takes everything that was rendered, as one project. */
export interface WriteAction {
  type: 'write';
  answers: Answers;
  /** Where the project goes, as it was typed. */
  directory: string;
}

/** The action `add-endpoint`: adds an endpoint to a project that exists. */
export interface AddEndpointAction {
  type: 'add-endpoint';
  endpoint: EndpointAnswer;
  /** Where the project is, as it was typed. */
  directory: string;
}
