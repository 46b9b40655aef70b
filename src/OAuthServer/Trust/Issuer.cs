using System.Text;
using OAuthServer.Keys;
using OAuthServer.Stores.Trust;

namespace OAuthServer.Trust;

/// <summary>A trusted issuer: its row, its keys where they stand in it, and its enabled rules.</summary>
public sealed class Issuer
{
    public Issuer(IssuerRow row, IReadOnlyList<Rule> rules)
    {
        (Row, Rules) = (row, rules);
        Keys = row.Jwks is { } jwks ? VerificationKeySet.Read(Encoding.UTF8.GetBytes(jwks)).Keys : null;
    }

    public IssuerRow Row { get; }
    public string Id => Row.Issuer;

    /// <summary>A company that speaks for people; else a platform that says what a workload is.</summary>
    public bool SpeaksForPeople => Row.Kind == "people";

    /// <summary>The keys of its row; null: they are fetched.</summary>
    public VerificationKeySet? Keys { get; }

    /// <summary>Its rules, disabled ones too.</summary>
    public IReadOnlyList<Rule> Rules { get; }

    /// <summary>Whether it signs with this algorithm.</summary>
    public bool Signs(string alg) => Row.Algs.Length == 0 || Row.Algs.Contains(alg, StringComparer.Ordinal);
}
