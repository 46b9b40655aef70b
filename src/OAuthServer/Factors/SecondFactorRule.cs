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

    /// <summary>Whether somebody needs one for all they may do: for an administrator that is the administration, too.</summary>
    /// <param name="required">What the person's row says.</param>
    public bool IsAskedOf(bool required, string role) =>
        required || settings.SecondFactor == "everyone" || (role == "admin" && settings.SecondFactor == "admins");

    /// <summary>Whether this session may not do anything until it is surer.</summary>
    public bool Blocks(SessionRow session) => session.Acr != "aal2" && IsAskedOf(session.SecondFactorRequired, "user");

    /// <summary>Whether this session may not enter the administration until it is surer.</summary>
    public bool BlocksAdministration(SessionRow session) => session.Acr != "aal2" && IsAskedOf(session.SecondFactorRequired, "admin");

    /// <summary>Whether a person with these factors is asked for the second one at the sign-in.</summary>
    public bool Asks(FactorsRow person) =>
        person.HasCodes || (person.Passkeys > 0 && IsAskedOf(person.IsRequired, person.Role));
}
