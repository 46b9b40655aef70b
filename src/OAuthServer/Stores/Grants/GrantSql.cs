namespace OAuthServer.Stores.Grants;

/// <summary>What redemption and rotation say in the same words. g is the grant, i the attempt.</summary>
internal static class GrantSql
{
    /// <summary>The resource and scope of this attempt are a part of what the grant allows.</summary>
    internal const string TargetFits = "i.resource = any (g.resources) and string_to_array(i.scope, ' ') <@ g.scope";
}
