using OAuthServer.Audit;
using OAuthServer.Keys;
using OAuthServer.Limits;
using OAuthServer.Protocol;
using OAuthServer.Stores.Users;

namespace OAuthServer.Users;

/// <summary>
/// Proves a person by name and password. Unknown, wrong and disabled get one answer after one time (CWE-204, CWE-208); too many
/// failures are refused before any slow hash is spent.
/// </summary>
public sealed class SignIn(UserStore users, HashQueue hashes, AuditLog audit, Settings settings) : IDisposable
{
    /// <summary>The longest name or address a person can have.</summary>
    public const int LongestName = 254;

    private readonly FailureLimit failures = new(settings.LoginsPerMinute, TimeSpan.FromMinutes(1));

    /// <summary>The person, authenticated; or the refusal, audited. The audit row of a success is the session's.</summary>
    /// <param name="username">As typed, or a verified address: neither case nor blanks around it matter.</param>
    public async Task<Result<UserRow>> AuthenticateAsync(string username, string password, RequestContext request, CancellationToken cancel)
    {
        var name = username.Trim().ToLowerInvariant();
        // The address is in both keys: nobody can lock somebody else out.
        var address = FailureLimit.Subscriber(request.Address);
        string[] keys = [address, FailureLimit.Pair(name, address)];
        using var attempt = failures.Begin(keys);
        if (!attempt.TooMany) return await VerifyAsync(name, password, keys, request, cancel);
        var error = OAuthError.SlowDown("too many failed sign-ins from this address", failures.RetryAfter);
        await audit.RefusedAsync(AuditEvents.SignIn, error, request);
        return error;
    }

    /// <summary>The refusal every failed sign-in gets.</summary>
    /// <param name="reason">Private; never the password, and never a name nobody has: people type passwords there.</param>
    public static OAuthError Wrong(string reason) => new()
    {
        Code = "access_denied",
        Description = "Incorrect username or password",
        Status = 401,
        Rule = "sign-in",
        Reason = reason,
        Expected = "the name and password of an enabled person",
    };

    public void Dispose() => failures.Dispose();

    private async Task<Result<UserRow>> VerifyAsync(
        string name, string password, string[] keys, RequestContext request, CancellationToken cancel)
    {
        var user = await users.FindForSignInAsync(name, cancel);
        var costs = new List<int>(1);
        var authenticated = false;
        var work = hashes.Begin(HashLane.People, keys[0]);
        try
        {
            if (user is { PasswordHash: { } hash } && SecretHash.CanVerify(password, hash))
            {
                authenticated = await work.VerifyAsync(password, hash, cancel);
                if (SecretHash.Cost(hash) is { } cost) costs.Add(cost);
            }

            await work.FillUpAsync(1, costs, await users.ImportedHashAsync(cancel), cancel);
        }
        catch (HashQueueFullException)
        {
            // Or a flood would never be slowed down: most of it is refused here.
            foreach (var key in keys) failures.Count(key);
            throw;
        }

        if (authenticated && user!.Enabled) return user;

        work.Failed();
        foreach (var key in keys) failures.Count(key);
        var error = Wrong(user switch
        {
            null => "nobody has this name",
            { Enabled: false } => "the person is disabled",
            { PasswordHash: null } => "the person has no password",
            _ => "wrong password",
        });
        await audit.RefusedAsync(AuditEvents.SignIn, error, request, subject: user?.Subject.ToString());
        return error;
    }
}
