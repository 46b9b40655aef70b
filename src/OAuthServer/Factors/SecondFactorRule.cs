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

    /// <summary>
    /// Whether each sign-in needs one, so that a shorter password suffices (NIST SP 800-63B): one for the administration alone is none.
    /// </summary>
    /// <param name="required">What the person's row says.</param>
    public bool GuardsEverySignIn(bool required) => IsAskedOf(required, "user");

    /// <summary>Whether each sign-in of a person with these factors needs a second one.</summary>
    public bool GuardsEverySignIn(FactorsRow person) => person.HasCodes || GuardsEverySignIn(person.IsRequired);

    /// <summary>Whether this session may not do anything until it is surer.</summary>
    public bool Blocks(SessionRow session) => session.Acr != "aal2" && IsAskedOf(session.SecondFactorRequired, "user");

    /// <summary>Whether this session may not enter the administration until it is surer.</summary>
    public bool BlocksAdministration(SessionRow session) => session.Acr != "aal2" && IsAskedOf(session.SecondFactorRequired, "admin");

    /// <summary>Whether a person with these factors is asked for the second one at the sign-in.</summary>
    public bool Asks(FactorsRow person) =>
        person.HasCodes || (person.Passkeys > 0 && IsAskedOf(person.IsRequired, person.Role));
}
