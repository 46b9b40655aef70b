using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace OAuthServer.ResourceServer;

/// <summary>Protects this application with access tokens of an authorization server.</summary>
public static class OAuthResource
{
    /// <summary>The name of the authentication scheme.</summary>
    public const string Scheme = "OAuthResource";

    extension(IServiceCollection services)
    {
        /// <summary>
        /// Adds the authentication scheme, scope policies and, given a client, the follower of the revocation feed. Once per application:
        /// it is one resource. Schemes the application has beside it, and which of them is the default, stay as they are.
        /// <code>
        /// builder.Services.AddOAuthResource("https://auth.example.com", "https://api.example.com/notes", options =>
        /// {
        ///     options.ClientId = "notes-api";
        ///     options.ClientSecret = builder.Configuration["NotesApiSecret"];
        /// });
        /// …
        /// app.MapOAuthResourceMetadata();
        /// app.MapGet("/notes", (ClaimsPrincipal user) => notes.Of(user.Subject())).RequireScope("notes:read");
        /// </code>
        /// </summary>
        /// <param name="issuer">See <see cref="OAuthResourceOptions.Issuer"/>.</param>
        /// <param name="resource">See <see cref="OAuthResourceOptions.Resource"/>.</param>
        /// <param name="more">The other options; all have defaults.</param>
        public AuthenticationBuilder AddOAuthResource(string issuer, string resource, Action<OAuthResourceOptions>? more = null)
        {
            if (services.Any(service => service.ServiceType == typeof(RevocationList)))
            {
                throw new InvalidOperationException(
                    $"AddOAuthResource is called a second time, for {resource}. An application is one resource: "
                    + "call it once, and give another resource an application of its own");
            }

            services.TryAddSingleton(TimeProvider.System);
            services.AddSingleton(provider => provider.GetRequiredService<IOptionsMonitor<OAuthResourceOptions>>().Get(Scheme));
            services.AddSingleton<RevocationList>();
            services.AddSingleton<ServerConnection>();
            services.AddSingleton(provider =>
                new VerificationKeys(provider.GetRequiredService<ServerConnection>(), Options(provider),
                    provider.GetRequiredService<TimeProvider>(), Log(provider)));
            services.AddSingleton(provider =>
                new TokenIntrospection(provider.GetRequiredService<ServerConnection>(), Options(provider), Log(provider)));
            services.AddSingleton<TokenValidator>();
            services.AddSingleton<ProofMemory>();
            services.AddSingleton<DpopValidator>();
            services.AddSingleton<IHostedService>(provider => Options(provider).Follows
                ? new RevocationFollower(provider.GetRequiredService<ServerConnection>(), provider.GetRequiredService<RevocationList>(),
                    provider.GetRequiredService<VerificationKeys>(), Options(provider), Log(provider))
                : new Idle());
            services.AddSingleton<IAuthorizationHandler, ScopeRequirementHandler>();
            services.AddSingleton<IAuthorizationHandler, ActorRequirementHandler>();
            services.AddAuthorization();
            // No default is set: an only scheme is it anyway, and beside others RequireScope names this one.
            return services.AddAuthentication().AddScheme<OAuthResourceOptions, OAuthResourceHandler>(Scheme, options =>
            {
                (options.Issuer, options.Resource) = (issuer, resource);
                more?.Invoke(options);
            });
        }
    }

    private static OAuthResourceOptions Options(IServiceProvider provider) => provider.GetRequiredService<OAuthResourceOptions>();

    private static ILogger Log(IServiceProvider provider) => provider.GetRequiredService<ILoggerFactory>().CreateLogger(
        "OAuthServer.Resource");

    private sealed class Idle : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
