using OAuthServer.Clients;
using OAuthServer.Protocol;
using OAuthServer.Trust;
using Catalog = OAuthServer.Clients.ResourceDirectory.Snapshot;

namespace OAuthServer.Token;

/// <summary>
/// What a token of a company's assertion is for: one resource that the assertion names, of several the one that the form picks, and without
/// any the form's or the client's default; of the scope what the form, the assertion and the client have in common.
/// </summary>
internal static class IdJagTarget
{
    public static Result<Target> Decide(Catalog catalog, Client client, PersonAssertion person, Parameters parameters)
    {
        if (TokenParameters.Scope(parameters).Refused(out var error, out var form)) return error;
        if (Resource(catalog, client, person, parameters.Resources).Refused(out error, out var resource)) return error;
        if (Offered(catalog, client, person, resource).Refused(out error, out var offered)) return error;
        string[] wanted =
        [
            .. offered.Where(one => one != Scope.OfflineAccess && !Scope.OfOpenIdConnect.Contains(one))
                .Where(one => form.Length == 0 || form.Contains(one)).Distinct(),
        ];
        // What the client may have of it, and what belongs to the resource.
        return wanted.Length == 0 ? NothingLeft(offered, form)
            : catalog.Within(client, new Target([resource], wanted), [resource], []).Refused(out error, out var target)
                ? NotHere(error) : target;
    }

    private static Result<string> Resource(Catalog catalog, Client client, PersonAssertion person, IReadOnlyList<string> form)
    {
        if (form.Count > 1) return NotHere(Catalog.SeveralResources());
        var picked = form.Count == 1 ? catalog.Find(form[0])?.Uri ?? form[0] : null;
        if (person.Resources.Length == 0)
            return (picked ?? client.Row.DefaultResource) is { } named ? named
                : Refuse("neither assertion nor form names a resource, and the client has no default", "resource, or default_resource",
                    "none");
        string[] ours =
        [
            .. person.Resources.Select(uri => catalog.Find(uri)).Where(row => row is { Enabled: true }).Select(row => row!.Uri).Distinct(),
        ];
        if (picked is not null)
            return ours.Contains(picked) ? picked : Refuse("the form names another resource than the assertion", Scope.Join(ours), picked);
        return ours switch
        {
            [var only] => only,
            [] => Refuse("no resource of the assertion is registered here", "a registered resource", Scope.Join(person.Resources)),
            _ => Refuse("the assertion names several resources, and the form picks none", "resource, one of them", Scope.Join(ours)),
        };
    }

    // Without a scope there: the client's default.
    private static Result<string[]> Offered(Catalog catalog, Client client, PersonAssertion person, string resource)
    {
        if (person.Scope is { } said) return said;
        return catalog.Decide(client, [resource], []).Refused(out var error, out var target) ? NotHere(error) : target.Scope;
    }

    private static OAuthError NothingLeft(string[] offered, string[] form) =>
        Refuse("no scope is left", Scope.Join(offered), form.Length == 0 ? "none" : Scope.Join(form));

    private static OAuthError NotHere(OAuthError error) => Refuse(error.Reason, error.Expected, error.Got);

    private static OAuthError Refuse(string reason, string? expected, string? got) =>
        AssertionErrors.NotValid(AssertionErrors.IdJag, reason, expected, got);
}
