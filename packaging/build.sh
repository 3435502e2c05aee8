# What packaging/deb and packaging/image begin with: it takes the options `--profile` and `--no-build` off the
# arguments, builds the host and the plugins, and sets where they are ($built) and which there are ($plugins).

profile=dist
build=yes
while [ $# -gt 0 ]; do
    case "$1" in
    --profile)
        profile=$2
        shift 2
        ;;
    --no-build)
        build=no
        shift
        ;;
    *) break ;;
    esac
done

plugins="hello subprocess wasm container httpcheck sqlite ssh"
if [ "$build" = yes ]; then
    # In one call: cargo would build what they share anew for each.
    # shellcheck disable=SC2046
    cargo build --locked --profile "$profile" -p solti-host $(printf -- ' -p %s' $plugins)
fi

case "$profile" in
dev) built=${CARGO_TARGET_DIR:-target}/debug ;;
*) built=${CARGO_TARGET_DIR:-target}/$profile ;;
esac
