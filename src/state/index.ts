/** What a node keeps about itself between starts: its id and its tokens. Releases are kept elsewhere. */
export { defaultStateDir, openState, type State, type StateOptions, type TokenSource } from "./open-state.ts";
export { readOperatorToken } from "./operator-token.ts";
export { type Principal, type Role, roles } from "./principal.ts";
export { giveToOwnerOf } from "./state-file.ts";
export { TokenBook, type TokenBookOptions } from "./token-book.ts";
export { addToken, type KeptToken, readTokens, removeToken } from "./token-files.ts";
