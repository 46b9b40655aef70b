// The MCP TypeScript SDK, second generation: insists on the issuer's exact spelling and on `iss` (RFC 9207).
import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client';
import { runMcpClient } from '../support/mcp.mjs';

export const name = '@modelcontextprotocol/client';
export const did = 'the same with step-up between; insists on the issuer\'s spelling and on `iss`, asks for `offline_access`';

const finish = (transport, answer) => transport.finishAuth(answer);

export const sdk = { Client, Transport: StreamableHTTPClientTransport, UnauthorizedError, finish, stepsUp: true };

export const run = (check, world) => runMcpClient(check, world, sdk, 'SDK two');
