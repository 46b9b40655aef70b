using System.Text.Json;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace OAuthServer.ResourceServer;

/// <summary>What a protected application answers beside its own endpoints.</summary>
public static class ResourceEndpoints
{
    extension(IEndpointRouteBuilder app)
    {
        /// <summary>
        /// The RFC 9728 document, at the URL challenges name: between host and path of the resource. Open to pages on other
        /// origins.
        /// </summary>
        public void MapOAuthResourceMetadata()
        {
            var options = app.ServiceProvider.GetRequiredService<OAuthResourceOptions>();
            var document =
                JsonSerializer.SerializeToUtf8Bytes(Metadata(options),
                    new JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
            // Compared as the server decodes it: what is escaped in a URL is not so in a route.
            var path = PathString.FromUriComponent(options.MetadataPath.TrimEnd('/'));
            app.MapMethods(OAuthResourceOptions.WellKnown + "/{**resource}", ["GET", "HEAD", "OPTIONS"], async (HttpContext http) =>
            {
                if (http.Request.Path != path && http.Request.Path != path + "/")
                {
                    http.Response.StatusCode = 404;
                    return;
                }

                var headers = http.Response.Headers;
                headers.AccessControlAllowOrigin = "*";
                headers.AccessControlAllowHeaders = "*";
                headers.AccessControlMaxAge = "3600";
                if (HttpMethods.IsOptions(http.Request.Method))
                {
                    http.Response.StatusCode = 204;
                    return;
                }

                headers.CacheControl = "public, max-age=3600";
                http.Response.ContentType = "application/json";
                http.Response.ContentLength = document.Length;
                if (!HttpMethods.IsHead(http.Request.Method)) await http.Response.Body.WriteAsync(document, http.RequestAborted);
            });
        }

        /// <summary>
        /// GET for nginx's auth_request and its like: 204 for a good token, with X-Auth-Subject, X-Auth-Client and X-Auth-Scope; 401
        /// or 403 with WWW-Authenticate otherwise. <c>?scope=notes:read</c> in the proxy's own configuration demands scopes: without it,
        /// any token for this resource will do. For tokens that are bound to a key the proxy says which request it asks about, by its
        /// method in X-Original-Method and its path in X-Original-URI.
        /// </summary>
        public void MapAuthRequest(string path) => app.MapGet(path, async (HttpContext http) =>
        {
            var required = http.Request.Query["scope"].SelectMany(value => value!.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .ToArray();
            var result = await http.AuthenticateAsync(OAuthResource.Scheme);
            if (result.Principal is not { } user)
            {
                // auth_request takes 2xx, 401 and 403; any other status it turns into 500, which for our 503 is as it should be.
                var properties = new AuthenticationProperties();
                properties.SetParameter(OAuthResourceHandler.Never400, true);
                properties.SetParameter<IEnumerable<string>>(ScopeRequirement.Key, required);
                await http.ChallengeAsync(OAuthResource.Scheme, properties);
                return;
            }

            http.User = user;
            if (!required.All(user.HasScope))
            {
                await http.StepUpAsync(required);
                return;
            }

            http.Response.StatusCode = 204;
            http.Response.Headers["X-Auth-Subject"] = user.Subject();
            http.Response.Headers["X-Auth-Client"] = user.ClientId();
            http.Response.Headers["X-Auth-Scope"] = string.Join(' ', user.Scopes());
        }).WithMetadata(new AuthRequest());
    }

    private static Dictionary<string, object> Metadata(OAuthResourceOptions options)
    {
        var document = new Dictionary<string,
            object>
        { ["resource"] = options.Resource, ["authorization_servers"] = new[] { options.Issuer } };
        if (options.ScopesSupported.Count > 0) document["scopes_supported"] = options.ScopesSupported;
        document["bearer_methods_supported"] = new[] { "header" };
        document["dpop_signing_alg_values_supported"] = DpopValidator.Algorithms.Split(' ');
        if (options.RequireDpop) document["dpop_bound_access_tokens_required"] = true;
        if (options.ResourceName is { } name) document["resource_name"] = name;
        return document;
    }
}
