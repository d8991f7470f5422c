/** What a node keeps about itself between starts: its id and its operator token. Releases are kept elsewhere. */
export { defaultStateDir, openState, type State, type StateOptions, type TokenSource } from "./open-state.ts";
export { readOperatorToken } from "./operator-token.ts";
