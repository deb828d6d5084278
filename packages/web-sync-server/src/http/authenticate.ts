/**
 * Who sends a request, from its credentials only; null: nobody known, 401. The account's name has 1 to 256 characters. Asked once for
 * each request, before anything else; may take its time. Must not read the body.
 */
export type Authenticate = (
  request: Request,
) => Promise<{ readonly account: string } | null> | { readonly account: string } | null
