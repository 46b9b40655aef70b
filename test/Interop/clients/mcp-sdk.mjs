// The MCP TypeScript SDK, first generation.
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { OpenIdProviderDiscoveryMetadataSchema } from '@modelcontextprotocol/sdk/shared/auth.js';
import { runMcpClient } from '../support/mcp.mjs';

export const name = '@modelcontextprotocol/sdk';
export const did = 'discovery, registration, code, tool call, two refreshes at once, cut off by revocation, registers again';

const finish = (transport, answer) => transport.finishAuth(answer.get('code'));

export async function run(check, world) {
    await check('what it demands of an OpenID provider stands where it looks for one', async () => {
        for (const issuer of [world.issuer, world.pathIssuer]) {
            const document = OpenIdProviderDiscoveryMetadataSchema.parse(await (await fetch(`${issuer}/.well-known/openid-configuration`)).json());
            if (document.issuer !== issuer) throw new Error(document.issuer);
        }
    });
    await runMcpClient(check, world, { Client, Transport: StreamableHTTPClientTransport, UnauthorizedError, finish }, 'SDK one');
}
