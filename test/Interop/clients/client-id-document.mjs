// The MCP TypeScript SDK, second generation, with a client id document in place of a registration, as Claude Code and VS Code have
// one. The document is on an https host of this computer, which may be fetched from as the issuer is on this computer, too.
import assert from 'node:assert/strict';
import https from 'node:https';
import { mcpClient } from '../support/mcp.mjs';
import { version as installed } from '../support/report.mjs';
import { freePort } from '../support/world.mjs';
import { sdk } from './mcp-client.mjs';

export const name = '@modelcontextprotocol/client with a client id document';
export const version = installed('@modelcontextprotocol/client');
export const did = 'presents the URL of its document (`clientMetadataUrl`) and never registers; code, tool call, refresh';

export async function run(check, world) {
    const url = `https://localhost:${await freePort()}/oauth/client.json`;
    const fetched = [];
    const { callback, memory, asked, transport, connect, call, allow } = await mcpClient(world, sdk, 'SDK two', url);
    const document = {
        client_id: url, client_name: 'Documented', redirect_uris: [callback.redirectUri.replace(/:\d+/, '')],
        grant_types: ['authorization_code', 'refresh_token'], token_endpoint_auth_method: 'none',
    };
    const host = https.createServer(world.tls, (request, response) => {
        fetched.push(request.url);
        response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(document));
    });
    await new Promise(resolve => host.listen(new URL(url).port, 'localhost', resolve));

    const first = transport();
    await check('a 401 leads to the server\'s metadata; /register is not asked', async () => {
        await assert.rejects(connect(first), sdk.UnauthorizedError);
        assert.equal(asked('/register').length, 0);
        assert.equal(memory.asks.searchParams.get('client_id'), url);
        assert.equal(fetched.length, 0);
    });
    await check('the server fetches the document once; a person sees its host and allows it', async () => {
        const saw = await allow(first);
        assert.deepEqual(fetched, ['/oauth/client.json']);
        assert.match(saw, /Documented wants access/);
        assert.match(saw, /Published by localhost/);
        assert.ok(memory.saved.refresh_token);
    });
    const client = await connect(transport());
    await check('a tool call', () => call(client, 'list_notes'));
    await check('a refresh', async () => {
        const before = memory.saved;
        memory.saved = { ...before, access_token: 'expired' };
        await call(client, 'list_notes');
        assert.notEqual(memory.saved.refresh_token, before.refresh_token);
        assert.equal(asked('/register').length, 0);
    });
    await client.close();
    callback.close();
    host.closeAllConnections();
    host.close();
}
