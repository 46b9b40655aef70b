// Duende.IdentityModel's discovery with its default policy: IdentityModelApi/Program.cs.
import { packageVersion } from '../support/report.mjs';
import { checkIssuerWithPath, checkVerifier, withApi } from '../support/tasks.mjs';

export const name = 'Duende.IdentityModel';
export const version = packageVersion(name);
export const did = '`GetDiscoveryDocumentAsync` with its default policy (issuer, endpoints and keys are checked), for an issuer with a path too; ' +
    'the same tokens open and are refused';

export async function run(check, { tasks, pathTasks }) {
    await withApi('IdentityModelApi', tasks, {}, get => checkVerifier(check, tasks, get));
    await withApi('IdentityModelApi', pathTasks, {}, get => checkIssuerWithPath(check, tasks, pathTasks, get));
}
