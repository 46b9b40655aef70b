using System.Security.Claims;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;

namespace OAuthServer.ResourceServer;

/// <summary>A policy's demand on who acts for the subject of a token (RFC 8693 §4.1).</summary>
/// <param name="Actors">The nearest actor is one of these; none: nobody acts for the subject.</param>
public sealed record ActorRequirement(params string[] Actors) : IAuthorizationRequirement;

internal sealed class ActorRequirementHandler : AuthorizationHandler<ActorRequirement>
{
    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, ActorRequirement requirement)
    {
        var nearest = context.User.Actors().FirstOrDefault();
        var holds = requirement.Actors.Length == 0
            ? nearest is null && !context.User.HasClaim(one => one.Type == ActorRules.Step)
            : nearest is not null && requirement.Actors.Contains(nearest);
        if (holds) context.Succeed(requirement);
        return Task.CompletedTask;
    }
}

/// <summary>Who acts for the subject of a token that was exchanged (RFC 8693): agents, the nearest first.</summary>
public static class ActorRules
{
    internal const string Claim = "actor";

    // An exchange that its rule hides has no actor, and a step all the same.
    internal const string Step = "via";

    extension(ClaimsPrincipal user)
    {
        /// <summary>
        /// The clients that act for the subject, the nearest first: the one that sent the request, then whose token it had exchanged,
        /// and so on. Empty: the token was not exchanged, or a rule of the server's says not to tell.
        /// </summary>
        public IReadOnlyList<string> Actors() => [.. user.FindAll(Claim).Select(claim => claim.Value)];
    }

    extension(AuthorizationPolicyBuilder policy)
    {
        /// <summary>A token whose nearest actor is one of these clients; at least one is named.</summary>
        public AuthorizationPolicyBuilder RequireActor(params string[] actors)
        {
            if (actors.Length == 0) throw new ArgumentException("Name a client, or use RequireNoActor", nameof(actors));
            return policy.Demand(new ActorRequirement(actors));
        }

        /// <summary>A token that nobody has exchanged to act for somebody else.</summary>
        public AuthorizationPolicyBuilder RequireNoActor() => policy.Demand(new ActorRequirement());

        private AuthorizationPolicyBuilder Demand(ActorRequirement requirement)
        {
            policy.AddAuthenticationSchemes(OAuthResource.Scheme).RequireAuthenticatedUser().AddRequirements(requirement);
            return policy;
        }
    }

    extension<TBuilder>(TBuilder endpoints) where TBuilder : IEndpointConventionBuilder
    {
        /// <summary>
        /// A token whose nearest actor is one of these clients, else 403: <c>app.MapPost("/orders", …).RequireActor("orchestrator")</c>.
        /// </summary>
        public TBuilder RequireActor(params string[] actors) =>
            endpoints.RequireAuthorization(new AuthorizationPolicyBuilder().RequireActor(actors).Build());

        /// <summary>
        /// A token that nobody has exchanged, else 403: <c>app.MapPost("/payments", …).RequireNoActor()</c> is for the person's own app.
        /// </summary>
        public TBuilder RequireNoActor() =>
            endpoints.RequireAuthorization(new AuthorizationPolicyBuilder().RequireNoActor().Build());
    }
}
