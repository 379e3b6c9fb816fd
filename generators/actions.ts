import type { Answers, EndpointAnswer } from '../src/answers/answers.ts';

/** The action `render`: renders one layer of `templates/` with the answers. */
export interface RenderAction {
  type: 'render';
  /** A folder of `templates/`. `secret` is rendered only if there is a password. */
  layer: string;
  answers: Answers;
  /** The endpoint that the layer is for. */
  endpoint?: EndpointAnswer;
}

/** The action `write`: writes the rendered layers as one project. */
export interface WriteAction {
  type: 'write';
  answers: Answers;
  /** The directory of the new project, as typed. */
  directory: string;
}

/** The action `add-endpoint`: adds an endpoint to an existing project. */
export interface AddEndpointAction {
  type: 'add-endpoint';
  endpoint: EndpointAnswer;
  /** The directory of the project, as typed. */
  directory: string;
}
