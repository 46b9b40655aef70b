// Web apps that sign people in: a row each, as an operator types it, and a secret.
import { operator, sql } from './world.mjs';

/** Makes the client; returns its id and secret. */
export function registerApp(local, issuer, { id, redirectUri, signedOutUri, logoutUri, scopes = '', resources = '' }) {
    sql(local, `
        insert into clients (client_id, kind, name, auth_method, redirect_uris, scopes, resources, post_logout_redirect_uris, backchannel_logout_uri)
        values ('${id}', 'user-facing', 'The ${id} app', 'client_secret_basic', '{${redirectUri}}', '{${scopes}}', '{${resources}}',
            '{${signedOutUri ?? ''}}', ${logoutUri ? `'${logoutUri}'` : 'null'});
        update users set name = 'Alice Demo', email = 'alice@example.com', email_verified_at = now(), groups = '{staff}' where username = 'alice';`);
    const { client_secret: secret } = operator(local, issuer, 'clients', 'secret', 'add', id);
    return { id, secret };
}
