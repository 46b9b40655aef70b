using OAuthServer.Limits;
using OAuthServer.Protocol;

namespace OAuthServer.Registration;

/// <summary>How often clients may register, and how often an address may guess at registration access tokens.</summary>
public sealed class RegistrationLimit(Settings settings) : IDisposable
{
    private readonly NewClientLimit newClients = new(settings, "registrations");
    private readonly FailureLimit guesses = new(settings.FailuresPerSecond, TimeSpan.FromSeconds(1));

    /// <summary>Counts one registration; the refusal when there were too many, else null.</summary>
    public OAuthError? Refusal(RequestContext request) => newClients.Refusal(request.Address);

    /// <summary>The refusal when this address guessed wrong too often, else null.</summary>
    public OAuthError? GuessRefusal(RequestContext request) =>
        guesses.Exhausted(FailureLimit.Subscriber(request.Address))
            ? OAuthError.SlowDown("too many wrong registration access tokens from this address", guesses.RetryAfter)
            : null;

    /// <summary>One more wrong token.</summary>
    public void CountGuess(RequestContext request) => guesses.Count(FailureLimit.Subscriber(request.Address));

    public void Dispose()
    {
        newClients.Dispose();
        guesses.Dispose();
    }
}
