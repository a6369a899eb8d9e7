// Whose unsent work this browser holds: what one user began must not be shown to the next one.

let owner = '';

/** Sets the user who is signed in. */
export const setOwner = (username: string): void => {
  owner = username;
};

export const ownerName = (): string => owner;
