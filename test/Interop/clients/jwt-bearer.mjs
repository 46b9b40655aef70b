// ASP.NET Core's JwtBearer with nothing but `Authority` and `Audience`: JwtBearerApi/Program.cs, which docs/resource-servers.md shows.
import assert from 'node:assert/strict';
import { packageVersion } from '../support/report.mjs';
import { checkIssuerWithPath, checkVerifier, withApi } from '../support/tasks.mjs';

export const name = 'Microsoft.AspNetCore.Authentication.JwtBearer';
export const version = packageVersion(name);
export const did = '`Authority` leads to the keys, for an issuer with a path too; a good token opens; none, garbage, an expired one and one for another API ' +
    'are 401, too little scope 403. It follows no revocations: a revoked token opens until it expires';

export async function run(check, { tasks, pathTasks }) {
    await withApi('JwtBearerApi', tasks, {}, async get => {
        await checkVerifier(check, tasks, get);
        await check('a revoked token still opens, as the page says', async () => {
            const token = await tasks.token();
            await tasks.revoke(token);
            assert.equal((await get(token)).status, 200);
        });
    });
    await withApi('JwtBearerApi', pathTasks, {}, get => checkIssuerWithPath(check, tasks, pathTasks, get));
}
