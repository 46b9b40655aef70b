// The MCP TypeScript SDK, first generation.
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { runMcpClient } from '../support/mcp.mjs';

export const name = '@modelcontextprotocol/sdk';
export const did = 'discovery, registration, code, tool call, two refreshes at once, cut off by revocation, registers again';

const finish = (transport, answer) => transport.finishAuth(answer.get('code'));

export const run = (check, world) => runMcpClient(check, world, { Client, Transport: StreamableHTTPClientTransport, UnauthorizedError, finish }, 'SDK one');
