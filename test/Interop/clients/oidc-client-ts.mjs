// oidc-client-ts as a single-page app uses it: UserManager with its defaults, in Chromium, on an origin of its own.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { registerApp } from '../support/apps.mjs';
import { freePort } from '../support/world.mjs';

export const name = 'oidc-client-ts';
export const did = 'in Chromium, its defaults: sign-in by redirect, claims of the id_token, `loadUserInfo`, renewal by refresh token, sign-out at the server and back';

const library = readFileSync(new URL('../node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js', import.meta.url));
const blank = '<!DOCTYPE html><title>A single-page app</title><script src="/oidc-client-ts.js"></script><body>The app';

export async function run(check, { issuer, local, browser, sql }) {
    const port = await freePort();
    const origin = `http://localhost:${port}`;
    const server = http.createServer((request, response) => request.url === '/oidc-client-ts.js'
        ? response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(library)
        : response.writeHead(200, { 'Content-Type': 'text/html' }).end(blank));
    await new Promise(resolve => server.listen(port, 'localhost', resolve));
    server.unref();
    registerApp(local, issuer, { id: 'spa', redirectUri: `${origin}/signed-in`, signedOutUri: `${origin}/signed-out` });
    sql(local, "delete from client_secrets where client_id = 'spa'; update clients set auth_method = 'none' where client_id = 'spa'");
    const settings = {
        authority: issuer, client_id: 'spa', redirect_uri: `${origin}/signed-in`, post_logout_redirect_uri: `${origin}/signed-out`,
        scope: 'openid profile email offline_access', loadUserInfo: true,
    };
    const page = await browser.context.newPage();
    const manager = (act, more = {}) => page.evaluate(`(async () => {
        const users = new oidc.UserManager({ ...${JSON.stringify({ ...settings, ...more })}, userStore: new oidc.WebStorageStateStore({ store: localStorage }) });
        return await (${act})(users);
    })()`);

    await page.goto(origin);
    await check('a person signs in by redirect', async () => {
        await Promise.all([page.waitForURL(`${issuer}/**`), manager('users => { users.signinRedirect(); }')]);
        const { landed } = await browser.goThrough(page, issuer);
        assert.equal(landed.pathname, '/signed-in');
    });
    const user = await check('the id_token is right, and userinfo is read across origins', () => manager('users => users.signinCallback()'));
    await check('the profile is the person\'s', async () => assert.equal(user.profile.email, 'alice@example.com'));
    await check('renewal by refresh token brings another access token for the same person', async () => {
        const next = await manager('users => users.signinSilent()');
        assert.notEqual(next.access_token, user.access_token);
        assert.equal(next.profile.sub, user.profile.sub);
    });
    await check('signing out leads to the server and back to the app', async () => {
        await Promise.all([page.waitForURL(`${origin}/signed-out**`), manager('users => { users.signoutRedirect(); }')]);
        assert.equal(await manager('users => users.signoutCallback().then(() => users.getUser())'), null);
    });
    await page.close();
    server.closeAllConnections();
    server.close();
}
