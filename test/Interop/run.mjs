// make interop: clients that other people wrote, against `make run` and `make sample`. One line per check; the first that breaks
// ends the run with exit code 1. `node run.mjs oauth4webapi` runs only the clients named.
import * as browserPage from './clients/browser-page.mjs';
import * as clientIdDocument from './clients/client-id-document.mjs';
import * as companySignIn from './clients/company-sign-in.mjs';
import * as conformance from './clients/conformance.mjs';
import * as csharpCrossApp from './clients/csharp-cross-app.mjs';
import * as csharpMcpServer from './clients/csharp-mcp-server.mjs';
import * as csharpSdk from './clients/csharp-sdk.mjs';
import * as deviceFlow from './clients/device-flow.mjs';
import * as doctor from './clients/doctor.mjs';
import * as dpop from './clients/dpop.mjs';
import * as goOidc from './clients/go-oidc.mjs';
import * as identityModel from './clients/identity-model.mjs';
import * as identityModelClient from './clients/identity-model-client.mjs';
import * as jwtBearer from './clients/jwt-bearer.mjs';
import * as mcpClient from './clients/mcp-client.mjs';
import * as mcpRemote from './clients/mcp-remote.mjs';
import * as mcpSdk from './clients/mcp-sdk.mjs';
import * as oauth4webapi from './clients/oauth4webapi.mjs';
import * as modAuthOpenidc from './clients/mod-auth-openidc.mjs';
import * as oidcClientTs from './clients/oidc-client-ts.mjs';
import * as openIdConnectApp from './clients/openid-connect-app.mjs';
import * as openidClient from './clients/openid-client.mjs';
import * as openidClientPeople from './clients/openid-client-people.mjs';
import * as openIddict from './clients/openiddict.mjs';
import * as privateKeyJwt from './clients/private-key-jwt.mjs';
import * as tenProcesses from './clients/ten-processes.mjs';
import * as tokenExchange from './clients/token-exchange.mjs';
import * as trust from './clients/trust.mjs';
import { certificate } from './support/certificate.mjs';
import { openBrowser } from './support/person.mjs';
import { client, version, writeTable } from './support/report.mjs';
import { registerTasks } from './support/tasks.mjs';
import { end, freePort, local, make, sql } from './support/world.mjs';

const clients = [mcpSdk, mcpClient, clientIdDocument, mcpRemote, csharpSdk, csharpCrossApp, oauth4webapi, dpop, openidClient, openidClientPeople, deviceFlow, privateKeyJwt, tokenExchange, oidcClientTs, openIdConnectApp, modAuthOpenidc, companySignIn, trust, conformance, browserPage, tenProcesses,
    jwtBearer, openIddict, identityModel, identityModelClient, goOidc, csharpMcpServer, doctor];
const wanted = process.argv.slice(2);
const start = Date.now();
let browser;
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, async () => { await end(); process.exit(1); });
try {
    const [port, pathPort, notesPort] = [await freePort(), await freePort(), await freePort()];
    const world = { issuer: `http://localhost:${port}`, pathIssuer: `http://localhost:${pathPort}/tenant1`, resource: `http://localhost:${notesPort}/mcp` };
    const tls = certificate(local('tls'));
    const demo = { PORT: port, LOCAL: local('root'), NOTES_PORT: notesPort, SSL_CERT_FILE: tls.trust };
    await make('run', `${world.issuer}/readyz`, demo);
    await make('sample', `http://localhost:${notesPort}/.well-known/oauth-protected-resource/mcp`, demo);
    await make('run', `http://localhost:${pathPort}/readyz`, { PORT: pathPort, LOCAL: local('tenant1'), OAuth__Issuer: world.pathIssuer });
    const tasks = `http://localhost:${await freePort()}/tasks`;
    world.tasks = await registerTasks(world.issuer, demo.LOCAL, tasks);
    world.pathTasks = await registerTasks(world.pathIssuer, local('tenant1'), tasks);
    browser = await openBrowser();
    console.log(`interop: ready after ${seconds()} s`);

    for (const one of clients.filter(one => wanted.length === 0 || wanted.some(part => one.name.includes(part))))
        await client(one.name, one.version ?? version(one.name), one.did, check => one.run(check, { ...world, local: demo.LOCAL, sql, browser, tls }));

    console.log(`interop: ${wanted.length === 0 ? `${writeTable()} checks passed, docs/interop.md written` : 'passed'}, ${seconds()} s`);
} catch (error) {
    console.error(error);
    console.log(`interop: failed after ${seconds()} s`);
    process.exitCode = 1;
} finally {
    await browser?.close();
    await end();
    process.exit();
}

function seconds() {
    return Math.round((Date.now() - start) / 1000);
}
