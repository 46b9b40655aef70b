// openid-client as a web app uses it to sign people in: OpenID Connect by discovery, with its own checks of the id_token.
import assert from 'node:assert/strict';
import * as client from 'openid-client';
import { registerApp } from '../support/apps.mjs';
import { listen } from '../support/person.mjs';
import { version as installed } from '../support/report.mjs';

export const name = 'openid-client, signing people in';
export const version = installed('openid-client');
export const did = 'OpenID Connect: discovery, code with PKCE and nonce, the id_token (RS256, then ES256) and `max_age` checked, userinfo, refresh with an id_token, sign-out at the server';

export async function run(check, { issuer, local, browser, sql }) {
    const callback = await listen('/signed-in');
    const signedOutUri = callback.redirectUri.replace('/signed-in', '/signed-out');
    const app = registerApp(local, issuer, { id: 'web-app', redirectUri: callback.redirectUri, signedOutUri });
    const discover = metadata => client.discovery(new URL(issuer), app.id, metadata, client.ClientSecretBasic(app.secret), { execute: [client.allowInsecureRequests] });
    const server = await check('discovery', () => discover());
    await check('the server says that it has PKCE', async () => assert.ok(server.serverMetadata().supportsPKCE()));

    const signIn = async (config, more = {}, checks = {}) => {
        const verifier = client.randomPKCECodeVerifier();
        const [state, nonce] = [client.randomState(), client.randomNonce()];
        const url = client.buildAuthorizationUrl(config, {
            redirect_uri: callback.redirectUri, scope: 'openid profile email offline_access', state, nonce, code_challenge_method: 'S256',
            code_challenge: await client.calculatePKCECodeChallenge(verifier), ...more,
        });
        const { landed } = await browser.authorize(url);
        return client.authorizationCodeGrant(config, landed, { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true, ...checks });
    };
    const tokens = await check('a person signs in; nonce, at_hash, signature and aud are right', () => signIn(server));
    const claims = tokens.claims();
    await check('the id_token says who it is', async () => {
        assert.equal(claims.name, 'Alice Demo');
        assert.equal(claims.email_verified, true);
    });
    await check('userinfo says the same, of the same subject', async () => {
        const info = await client.fetchUserInfo(server, tokens.access_token, claims.sub);
        assert.equal(info.email, 'alice@example.com');
    });
    await check('a refresh brings an id_token of the same sign-in', async () => {
        const next = await client.refreshTokenGrant(server, tokens.refresh_token);
        assert.equal(next.claims().sid, claims.sid);
        assert.equal(next.claims().auth_time, claims.auth_time);
    });
    await check('max_age is kept, and auth_time checked', () => signIn(server, { max_age: '3600' }, { maxAge: 3600 }));
    await check('ES256, where the row says so', async () => {
        sql(local, "update clients set id_token_alg = 'ES256' where client_id = 'web-app'");
        const strict = await discover({ id_token_signed_response_alg: 'ES256' });
        assert.equal((await signIn(strict)).claims().sub, claims.sub);
    });
    await check('signing out goes on to the app, unasked', async () => {
        const page = await browser.context.newPage();
        await page.goto(client.buildEndSessionUrl(server, { id_token_hint: tokens.id_token, post_logout_redirect_uri: signedOutUri, state: 'bye' }).href);
        assert.equal(page.url(), `${signedOutUri}?state=bye`);
        await page.close();
    });
    callback.close();
}
