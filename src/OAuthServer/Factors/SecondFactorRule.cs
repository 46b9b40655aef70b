using OAuthServer.Protocol;
using OAuthServer.Stores.Users;

namespace OAuthServer.Factors;

/// <summary>
/// Who must sign in with a second factor: everyone, administrators, or those whose row says so. Who has an authenticator app is always
/// asked for its code.
/// </summary>
public sealed class SecondFactorRule(Settings settings)
{
    /// <summary>Whether pages offer to add one.</summary>
    public bool IsOffered => settings.SecondFactor != "off";

    /// <summary>Whether this person may do nothing else before.</summary>
    public bool IsAskedOf(bool required) => required || settings.SecondFactor == "everyone";

    /// <summary>Whether this session may not do anything until it is surer.</summary>
    public bool Blocks(SessionRow session) => session.Acr != "aal2" && IsAskedOf(session.SecondFactorRequired);

    /// <summary>Whether this session may not enter the administration until it is surer.</summary>
    public bool BlocksAdministration(SessionRow session) =>
        session.Acr != "aal2" && (IsAskedOf(session.SecondFactorRequired) || settings.SecondFactor == "admins");

    /// <summary>Whether a person with these factors is asked for the second one at the sign-in.</summary>
    public bool Asks(FactorsRow person) =>
        person.HasCodes || (person.Passkeys > 0 && (IsAskedOf(person.IsRequired) || (person.Role == "admin" && settings.SecondFactor == "admins")));
}
