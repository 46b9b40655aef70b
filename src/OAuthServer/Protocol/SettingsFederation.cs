using System.ComponentModel.DataAnnotations;

namespace OAuthServer.Protocol;

/// <content>Sign-in at companies.</content>
public sealed partial record Settings
{
    /// <summary>shown: the sign-in page has the password form above the buttons of companies. hidden: only the buttons, and with one
    /// company people go straight there; /login?local=1 has the form all the same.</summary>
    [AllowedValues("shown", "hidden")] public string LocalSignIn { get; init; } = "shown";

    /// <summary>People per minute and address who are sent to a company to sign in.</summary>
    [Range(1, 1_000_000)] public int FederationStartsPerMinute { get; init; } = 10;

    /// <summary>People per minute and address who come back from one.</summary>
    [Range(1, 1_000_000)] public int FederationReturnsPerMinute { get; init; } = 30;
}
