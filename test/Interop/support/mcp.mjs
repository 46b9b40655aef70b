// What both generations of the MCP TypeScript SDK are put through: a client that has never heard of the server finds it, registers,
// is allowed, calls tools, steps up, refreshes from two connections at once, and is cut off.
import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { listen } from './person.mjs';

/** All that a client on Alice's computer keeps; `asks` is where it wants her browser to go. */
class Memory {
    constructor(redirectUri, name, document) {
        this.redirectUrl = redirectUri;
        this.clientMetadataUrl = document;
        this.clientMetadata = { client_name: name, redirect_uris: [redirectUri], token_endpoint_auth_method: 'none' };
    }

    state() { return this.lastState = crypto.randomUUID(); }
    clientInformation() { return this.client; }
    saveClientInformation(client) { this.client = client; }
    tokens() { return this.saved; }
    saveTokens(tokens) { this.saved = tokens; }
    redirectToAuthorization(url) { this.asks = url; }
    saveCodeVerifier(verifier) { this.verifier = verifier; }
    codeVerifier() { return this.verifier; }
    discoveryState() { return this.discovered; }
    saveDiscoveryState(state) { this.discovered = state; }
    invalidateCredentials(what) {
        if (what === 'tokens' || what === 'all') this.saved = undefined;
        if (what === 'client' || what === 'all') this.client = undefined;
    }
}

/**
 * A client on Alice's computer.
 * @param sdk       { Client, Transport, UnauthorizedError, finish, stepsUp } of the generation
 * @param name      what it calls itself
 * @param document  where its client id document is, if it has one
 */
export async function mcpClient({ resource, browser }, sdk, name, document) {
    const callback = await listen();
    const memory = new Memory(callback.redirectUri, name, document);
    const requests = [];
    let meet = async () => {};
    const watched = async (url, init) => {
        const request = { method: init?.method ?? 'GET', url: String(url), body: String(init?.body ?? '') };
        requests.push(request);
        if (request.body.includes('grant_type=refresh_token')) await meet();
        const response = await fetch(url, init);
        // Of no other: who cancels a body that was cloned waits for the clone to be cancelled, too.
        if (/\/(register|token)$/.test(request.url)) request.response = response.clone();
        return response;
    };
    return {
        callback,
        memory,
        requests,
        asked: part => requests.filter(request => request.url.includes(part)),
        /** The next refreshes leave only when so many are ready: whoever came late would refresh with what the first one saved. */
        refreshTogether: count => {
            const { promise: all, resolve } = Promise.withResolvers();
            meet = async () => {
                if (--count === 0) resolve();
                await all;
            };
        },
        transport: () => new sdk.Transport(new URL(resource), { authProvider: memory, fetch: watched }),
        connect: async over => {
            const client = new sdk.Client({ name, version: '1.0.0' });
            await client.connect(over);
            return client;
        },
        call: async (client, tool, input = {}) => {
            const result = await client.callTool({ name: tool, arguments: input });
            assert.ok(!result.isError, JSON.stringify(result));
            return JSON.stringify(result.content);
        },
        allow: async over => {
            const seen = await browser.authorize(memory.asks);
            assert.equal(seen.landed.searchParams.get('state'), memory.lastState);
            await sdk.finish(over, seen.landed.searchParams);
            return seen.saw.join('\n');
        },
    };
}

export async function runMcpClient(check, world, sdk, name) {
    const { resource } = world;
    const { callback, memory, requests, asked, refreshTogether, transport, connect, call, allow } = await mcpClient(world, sdk, name);
    let registration;

    const first = transport();
    await check('a 401 leads to the server\'s metadata and a registration', async () => {
        await assert.rejects(connect(first), sdk.UnauthorizedError);
        assert.ok(asked('/.well-known/oauth-protected-resource').length > 0);
        assert.ok(asked('/.well-known/oauth-authorization-server').length > 0);
        assert.equal(asked('/register').length, 1);
        registration = await asked('/register')[0].response.json();
        assert.equal(memory.client.token_endpoint_auth_method, 'none');
        assert.equal(memory.asks.searchParams.get('resource'), resource);
    });
    await check('a person allows it; the code becomes a token', async () => {
        const saw = await allow(first);
        assert.match(saw, new RegExp(`${name} wants access`));
        assert.match(saw, /registered itself/);
        assert.ok(memory.saved.refresh_token);
    });
    const second = transport();
    const client = await check('a tool call', async () => {
        const client = await connect(second);
        assert.equal((await client.listTools()).tools.length, 2);
        await call(client, 'list_notes');
        return client;
    });
    // The first generation answers a 403 with a refresh, which cannot bring more, and gives up.
    if (sdk.stepsUp) await check('a tool that needs more: step-up, allowed, called', async () => {
        await assert.rejects(call(client, 'add_note', { text: 'milk' }), sdk.UnauthorizedError);
        assert.deepEqual(memory.asks.searchParams.get('scope').split(' ').filter(scope => scope.startsWith('notes:')).sort(), ['notes:read', 'notes:write']);
        const saw = await allow(second);
        assert.match(saw, /New since last time/);
        await call(client, 'add_note', { text: 'milk' });
        assert.match(await call(client, 'list_notes'), /milk/);
    });
    await check('two connections refresh at the same moment; both go on, with one successor', async () => {
        const others = [await connect(transport()), await connect(transport())];
        const [before, issued] = [memory.saved, []];
        memory.saveTokens = tokens => { issued.push(tokens); memory.saved = tokens; };
        memory.saved = { ...before, access_token: 'expired' };
        requests.length = 0;
        refreshTogether(2);
        await Promise.all(others.map(other => call(other, 'list_notes')));
        assert.equal(asked('/token').filter(request => request.body.includes('grant_type=refresh_token')).length, 2);
        assert.equal(issued.length, 2);
        assert.equal(issued[0].refresh_token, issued[1].refresh_token);
        assert.notEqual(issued[0].refresh_token, before.refresh_token);
        for (const other of others) await other.close();
    });
    await check('revoked, it is cut off within a second and has to ask a person again', async () => {
        await call(client, 'list_notes');
        const { revocation_endpoint } = memory.discovered.authorizationServerMetadata;
        const body = new URLSearchParams({ client_id: memory.client.client_id, token: memory.saved.refresh_token });
        assert.equal((await fetch(revocation_endpoint, { method: 'POST', body })).status, 200);
        await wait(1000);
        memory.asks = undefined;
        await assert.rejects(call(client, 'list_notes'), sdk.UnauthorizedError);
        assert.ok(memory.asks);
    });
    await check('its registration deleted, it is told so (401 invalid_client), registers again and goes on', async () => {
        await allow(second);
        await call(client, 'list_notes');
        const headers = { Authorization: `Bearer ${registration.registration_access_token}` };
        assert.equal((await fetch(registration.registration_client_uri, { method: 'DELETE', headers })).status, 204);
        await wait(1000);
        requests.length = 0;
        await assert.rejects(call(client, 'list_notes'), sdk.UnauthorizedError);
        const refused = asked('/token')[0].response;
        assert.equal(refused.status, 401);
        assert.equal((await refused.json()).error, 'invalid_client');
        assert.equal(asked('/register').length, 1);
        assert.notEqual(memory.client.client_id, registration.client_id);
        await allow(second);
        await call(client, 'list_notes');
    });
    await client.close();
    callback.close();
}
