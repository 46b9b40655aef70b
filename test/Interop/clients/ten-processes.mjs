// Ten processes that share one refresh token, as ten windows of one editor do, refresh at the same moment.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import * as client from 'openid-client';
import { listen } from '../support/person.mjs';

export const name = 'Ten processes with one refresh token';
export const version = `Node ${process.versions.node}`;
export const did = 'ten refreshes at once, twice: ten usable answers, one live leaf, nobody signed out';

// Waits for a line on stdin, then refreshes, and prints the answer: what one process does.
const one = `
    process.stdin.once('data', async () => {
        const [url, client_id, refresh_token] = process.argv.slice(1);
        const answer = await fetch(url, { method: 'POST', body: new URLSearchParams({ grant_type: 'refresh_token', client_id, refresh_token }) });
        console.log(JSON.stringify({ status: answer.status, ...await answer.json() }));
        process.exit();
    });
    console.log('ready');`;

export async function run(check, { issuer, resource, browser }) {
    const server = await client.discovery(new URL(issuer), 'claude-desktop', undefined, client.None(), { algorithm: 'oauth2', execute: [client.allowInsecureRequests] });
    const endpoint = server.serverMetadata().token_endpoint;
    const introspect = await client.discovery(new URL(issuer), 'notes-api', undefined, client.ClientSecretBasic('notes-api-secret'), { algorithm: 'oauth2', execute: [client.allowInsecureRequests] });
    const active = async token => (await client.tokenIntrospection(introspect, token)).active;
    let tokens = await signIn(server, resource, browser);

    for (const round of ['first', 'second']) {
        const before = tokens.refresh_token;
        const answers = await check(`${round} round: ten answers with status 200`, async () => {
            const answers = await tenAtOnce(endpoint, before);
            assert.deepEqual(answers.map(answer => answer.status), Array(10).fill(200), answers.map(answer => answer.error).join());
            return answers;
        });
        await check(`${round} round: ten usable access tokens`, async () =>
            assert.deepEqual(await Promise.all(answers.map(answer => active(answer.access_token))), Array(10).fill(true)));
        await check(`${round} round: one live leaf`, () => {
            assert.equal(new Set(answers.map(answer => answer.refresh_token)).size, 1);
            assert.notEqual(answers[0].refresh_token, before);
        });
        tokens = answers[0];
    }
    await check('nobody was signed out: the leaf refreshes once more', async () =>
        assert.equal(await active((await client.refreshTokenGrant(server, tokens.refresh_token)).access_token), true));
}

async function signIn(server, resource, browser) {
    const callback = await listen();
    const verifier = client.randomPKCECodeVerifier();
    const url = client.buildAuthorizationUrl(server, {
        redirect_uri: callback.redirectUri, scope: 'notes:read offline_access', resource, code_challenge_method: 'S256',
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
    });
    const { landed } = await browser.authorize(url);
    callback.close();
    return client.authorizationCodeGrant(server, landed, { pkceCodeVerifier: verifier });
}

async function tenAtOnce(endpoint, token) {
    const processes = Array.from({ length: 10 }, () =>
        spawn(process.execPath, ['-e', one, endpoint, 'claude-desktop', token], { stdio: ['pipe', 'pipe', 'inherit'] }));
    await Promise.all(processes.map(child => new Promise(ready => child.stdout.once('data', ready))));
    for (const child of processes) child.stdin.write('go\n');
    return Promise.all(processes.map(async child => JSON.parse(await text(child.stdout))));
}
