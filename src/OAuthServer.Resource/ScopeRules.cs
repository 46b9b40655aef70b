using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace OAuthServer.ResourceServer;

/// <summary>A policy's demand for scopes, all of them.</summary>
public sealed record ScopeRequirement(params string[] Scopes) : IAuthorizationRequirement
{
    internal const string Key = "oauth.scopes";

    /// <summary>What requirements of this request have missed so far.</summary>
    internal static IEnumerable<string> Missed(HttpContext http) => http.Items[Key] as IEnumerable<string> ?? [];
}

internal sealed class ScopeRequirementHandler : AuthorizationHandler<ScopeRequirement>
{
    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, ScopeRequirement requirement)
    {
        if (requirement.Scopes.All(context.User.HasScope)) context.Succeed(requirement);
        else if (context.Resource is HttpContext http)
            http.Items[ScopeRequirement.Key] = ScopeRequirement.Missed(http).Union(requirement.Scopes).ToArray();
        return Task.CompletedTask;
    }
}

/// <summary>Scopes of requests, policies and endpoints.</summary>
public static class ScopeRules
{
    extension(ClaimsPrincipal user)
    {
        /// <summary>What the token allows.</summary>
        public IEnumerable<string> Scopes() => user.FindAll("scope").Select(claim => claim.Value);

        /// <summary>Whether the token allows this.</summary>
        public bool HasScope(string scope) => user.HasClaim("scope", scope);

        /// <summary>Whom the token stands for: a person's opaque id, or the client's own.</summary>
        public string Subject() => user.FindFirst("sub")?.Value ?? throw new InvalidOperationException("the request is not authenticated");

        /// <summary>The client that acts.</summary>
        public string ClientId() => user.FindFirst("client_id")?.Value ?? throw new InvalidOperationException(
            "the request is not authenticated");
    }

    extension(AuthorizationPolicyBuilder policy)
    {
        /// <summary>
        /// A token with all these scopes: <c>options.AddPolicy("write", policy => policy.RequireScope("notes:write"))</c>.
        /// </summary>
        public AuthorizationPolicyBuilder RequireScope(params string[] scopes)
        {
            policy.AddAuthenticationSchemes(OAuthResource.Scheme).RequireAuthenticatedUser().AddRequirements(new ScopeRequirement(scopes));
            return policy;
        }
    }

    extension<TBuilder>(TBuilder endpoints) where TBuilder : IEndpointConventionBuilder
    {
        /// <summary>
        /// A token with all these scopes, else 401, or 403 insufficient_scope that names what it has and what is missing:
        /// <c>app.MapPost("/notes", …).RequireScope("notes:write")</c>. Without a scope, any token for this resource will do.
        /// </summary>
        public TBuilder RequireScope(params string[] scopes) =>
            endpoints.RequireAuthorization(new AuthorizationPolicyBuilder().RequireScope(scopes).Build());
    }

    extension(HttpContext http)
    {
        /// <summary>
        /// Answers 403 insufficient_scope for these scopes (RFC 6750 §3.1), where a policy comes too early to know: MCP tools, say.
        /// </summary>
        public Task StepUpAsync(params string[] scopes)
        {
            var properties = new AuthenticationProperties();
            properties.SetParameter<IEnumerable<string>>(ScopeRequirement.Key, scopes);
            return http.ForbidAsync(OAuthResource.Scheme, properties);
        }
    }
}
