/** A certificate of `localhost` and 127.0.0.1 that signs itself and ends in a hundred years; for tests, its key is public. */
export const certificate = `-----BEGIN CERTIFICATE-----
MIIBmjCCAUGgAwIBAgIUd+p7iJxgTFEWWH5+5ZU9GIbd3IEwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNDE5MjE0NVoYDzIxMjYxMDMx
MTkyMTQ1WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAT7BA/Rl2+4+t9jSHtWKfQwyXk7zb/VGjzrqABN7M0kjud90IzdDKur
ADopKQf91j3pXwwRWbj3FarB+l6MXSeIo28wbTAdBgNVHQ4EFgQUmxlsj5Y+wUt9
/tqwnOBcASsPkhIwHwYDVR0jBBgwFoAUmxlsj5Y+wUt9/tqwnOBcASsPkhIwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDRwAwRAIgAjjO1hMXXm9aEKULzKbFXDjzLWw1G0R2QhX1B5zNANQCIG3z
sXimchxHQNl69zBY6RgrBLUoZuTR85RWf2WdA9ei
-----END CERTIFICATE-----
`;

/** The key of {@link certificate}. */
export const certificateKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg8Jd+b3u1cclFigsr
Xea4Mqa3wfA/6ua1sH/rJsVxbEahRANCAAT7BA/Rl2+4+t9jSHtWKfQwyXk7zb/V
GjzrqABN7M0kjud90IzdDKurADopKQf91j3pXwwRWbj3FarB+l6MXSeI
-----END PRIVATE KEY-----
`;
