// A page on another origin (no library at all): everything by fetch in headless Chromium, which enforces CORS and CSP.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { listen } from '../support/person.mjs';

export const name = 'A page on another origin';
export const version = execFileSync('/usr/bin/chromium', ['--version'], { stdio: ['ignore', 'pipe', 'ignore'] }).toString().match(/Chromium \d+/)[0];
export const did = 'by fetch: discovery, registration, token, refresh, revocation and JWKS with their preflights, errors and exposed headers; the redirect after consent reaches its origin';

export async function run(check, { issuer, resource, browser }) {
    const callback = await listen('/app', '127.0.0.1', '<!DOCTYPE html><title>A page elsewhere</title>');
    const page = await browser.context.newPage();
    await page.goto(callback.redirectUri);
    assert.notEqual(new URL(callback.redirectUri).origin, new URL(issuer).origin);

    // What the page may see of an answer; null where Chromium kept it from the page.
    const request = (url, method = 'GET', headers = {}, body = undefined) => page.evaluate(async ([url, method, headers, body]) => {
        try {
            const answer = await fetch(url, { method, headers: { 'MCP-Protocol-Version': '2025-11-25', ...headers }, body });
            const text = await answer.text();
            const json = text.startsWith('{') ? JSON.parse(text) : undefined;
            return { status: answer.status, json, headers: Object.fromEntries(answer.headers) };
        } catch {
            return null;
        }
    }, [url, method, headers, body]);
    const post = (url, parameters, headers = {}) =>
        request(url, 'POST', { 'Content-Type': 'application/x-www-form-urlencoded', ...headers }, new URLSearchParams(parameters).toString());

    const as = await check('reads the metadata', async () => (await request(`${issuer}/.well-known/oauth-authorization-server`)).json);
    await check('reads a 404 for metadata that is not there', async () =>
        assert.equal((await request(`${issuer}/.well-known/openid-federation`)).status, 404));
    await check('reads the keys', async () => assert.ok((await request(as.jwks_uri)).json.keys.length > 0));
    const client = await check('registers with a JSON body', async () => {
        const answer = await request(as.registration_endpoint, 'POST', { 'Content-Type': 'application/json' },
            JSON.stringify({ client_name: 'A page elsewhere', redirect_uris: [callback.redirectUri], token_endpoint_auth_method: 'none' }));
        assert.equal(answer.status, 201);
        return answer.json;
    });
    await check('reads why a registration was refused', async () => {
        const answer = await request(as.registration_endpoint, 'POST', { 'Content-Type': 'application/json' }, JSON.stringify({ redirect_uris: ['javascript:alert(1)'] }));
        assert.equal(answer.status, 400);
        assert.equal(answer.json.error, 'invalid_redirect_uri');
    });
    await check('reads its registration back with the token for that', async () =>
        assert.equal((await request(client.registration_client_uri, 'GET', { Authorization: `Bearer ${client.registration_access_token}` })).json.client_id, client.client_id));

    const verifier = 'a'.repeat(43);
    const landed = await check('the redirect after consent reaches it', async () => {
        const digest = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(verifier))).toString('base64url');
        const url = `${as.authorization_endpoint}?${new URLSearchParams({
            response_type: 'code', client_id: client.client_id, redirect_uri: callback.redirectUri, scope: 'notes:read offline_access', resource,
            state: 'elsewhere', code_challenge: digest, code_challenge_method: 'S256',
        })}`;
        const { landed } = await browser.authorize(url);
        assert.equal(landed.origin + landed.pathname, callback.redirectUri);
        assert.equal(landed.searchParams.get('iss'), issuer);
        return landed;
    });
    const grant = { client_id: client.client_id, redirect_uri: callback.redirectUri, code_verifier: verifier, grant_type: 'authorization_code', code: landed.searchParams.get('code') };
    const tokens = await check('gets a token', async () => {
        const answer = await post(as.token_endpoint, grant);
        assert.equal(answer.status, 200);
        return answer.json;
    });
    await check('refreshes', async () =>
        assert.equal((await post(as.token_endpoint, { grant_type: 'refresh_token', client_id: client.client_id, refresh_token: tokens.refresh_token })).status, 200));
    await check('reads errors, and of them the request id and the challenge', async () => {
        const answer = await post(as.token_endpoint, { grant_type: 'client_credentials' }, { Authorization: `Basic ${btoa('nobody:guess')}` });
        assert.equal(answer.status, 401);
        assert.equal(answer.json.error, 'invalid_client');
        assert.ok(answer.headers['request-id']);
        assert.match(answer.headers['www-authenticate'], /^Basic/);
    });
    await check('revokes', async () =>
        assert.equal((await post(as.revocation_endpoint, { client_id: client.client_id, token: tokens.refresh_token })).status, 200));
    await check('cannot read /authorize, /login or /consent', async () => {
        for (const path of ['/authorize', '/login', '/consent']) assert.equal(await request(issuer + path), null, path);
    });
    await page.close();
    callback.close();
}
