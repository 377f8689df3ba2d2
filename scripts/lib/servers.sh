# Private PostgreSQL and MariaDB servers for the tests. Sourced, not run; needs report.sh.
#
# servers_start exports GOMON_TEST_POSTGRES_URL and GOMON_TEST_MYSQL_URL; a variable that is set already is used as it
# is. GOMON_TEST_SPARE_SERVER is the script with which a test starts a server of its own, to kill it. Data, sockets and logs live in one temporary folder. servers_stop ends what was started here and nothing else; a
# caller traps EXIT with it. Should the calling shell be killed outright, the kernel tells the servers (pdeathsig).
# shellcheck shell=bash

servers_folder=""
servers_pids=()
servers_user="" # empty: they run as whoever runs this
servers_port=""
servers_ready=()   # the command that holds once a server is there
servers_last=()    # the one that was started last: its log, and its command

servers_start() {
    servers_install
    servers_prepare_folder
    [[ -n ${GOMON_TEST_POSTGRES_URL:-} ]] || servers_postgres
    [[ -n ${GOMON_TEST_MYSQL_URL:-} ]] || servers_mariadb
    GOMON_TEST_SPARE_SERVER=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)/spare-server
    export GOMON_TEST_SPARE_SERVER
}

servers_prepare_folder() {
    servers_folder=$(mktemp -d /tmp/gomon-test.XXXXXX) # short: a socket's path has 107 bytes at most
    servers_choose_user
}

servers_stop() {
    local pid
    for pid in ${servers_pids[@]+"${servers_pids[@]}"}; do
        kill -QUIT "$pid" 2>/dev/null || true # both end at once, and their data is thrown away
    done
    for pid in ${servers_pids[@]+"${servers_pids[@]}"}; do
        servers_await_end "$pid"
    done
    servers_pids=()
    if [[ -n $servers_folder ]]; then
        rm -rf -- "$servers_folder"
        servers_folder=""
    fi
}

# On Debian as root: installs the servers that are neither here nor given by a variable.
servers_install() {
    local missing=()
    [[ -n ${GOMON_TEST_POSTGRES_URL:-} ]] || postgres_bin initdb >/dev/null || missing+=(postgresql)
    [[ -n ${GOMON_TEST_MYSQL_URL:-} ]] || mariadb_bin mariadbd >/dev/null || missing+=(mariadb-server)
    # No server, but it comes the same way: the tests of a wall clock that is set.
    compgen -G '/usr/lib/*/faketime/libfaketimeMT.so.1' >/dev/null || missing+=(faketime)
    ((${#missing[@]} > 0 && EUID == 0)) || return 0
    [[ -f /etc/debian_version ]] && command -v apt-get >/dev/null || return 0
    printf 'installing with apt-get: %s\n' "${missing[*]}"
    local log
    log=$(mktemp)
    # RUNLEVEL=1 keeps the packages from starting servers of their own; the tests would not use them anyway.
    if ! {
        apt-get update -qq &&
            RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
    } </dev/null >"$log" 2>&1; then
        tail -n 20 "$log" >&2
    fi
    rm -f -- "$log"
}

# PostgreSQL refuses to run as root, so root hands over to the first unprivileged user there is.
servers_choose_user() {
    ((EUID == 0)) || return 0
    local user
    for user in postgres mysql nobody gomon-test; do
        if getent passwd "$user" >/dev/null; then
            servers_user=$user
            break
        fi
    done
    if [[ -z $servers_user ]]; then
        servers_user=gomon-test
        useradd --system --no-create-home --shell /usr/sbin/nologin "$servers_user"
    fi
    chown "$servers_user" "$servers_folder"
}

servers_postgres() {
    local initdb postgres isready data=$servers_folder/postgres log=$servers_folder/postgres.log
    if ! initdb=$(postgres_bin initdb) || ! postgres=$(postgres_bin postgres) || ! isready=$(postgres_bin pg_isready); then
        left_out "PostgreSQL (no server found, GOMON_TEST_POSTGRES_URL not set)"
        return 0
    fi
    if ! servers_prepare "$log" "$initdb" -D "$data" -U gomon -A trust -E UTF8 --locale=C --no-sync; then
        left_out "PostgreSQL (initdb fails)"
        return 0
    fi
    servers_ready=("$isready" -q -h 127.0.0.1 -p @PORT@ -U gomon -d postgres)
    if ! servers_run "$log" "$postgres" -D "$data" -p @PORT@ -c listen_addresses=127.0.0.1 \
        -c "unix_socket_directories=$servers_folder" -c max_connections=200 -c fsync=off; then
        left_out "PostgreSQL (the server does not start)"
        return 0
    fi
    export GOMON_TEST_POSTGRES_URL="postgres://gomon@127.0.0.1:$servers_port/postgres"
    printf 'PostgreSQL: %s\n' "$GOMON_TEST_POSTGRES_URL"
}

servers_mariadb() {
    local server install admin data=$servers_folder/mariadb log=$servers_folder/mariadb.log
    if ! server=$(mariadb_bin mariadbd) || ! install=$(mariadb_bin mariadb-install-db) ||
        ! admin=$(mariadb_bin mariadb-admin); then
        left_out "MariaDB (no server found, GOMON_TEST_MYSQL_URL not set)"
        return 0
    fi
    if ! servers_prepare "$log" "$install" --no-defaults --datadir="$data" \
        --auth-root-authentication-method=normal --skip-test-db --innodb-flush-method=nosync; then
        left_out "MariaDB (mariadb-install-db fails)"
        return 0
    fi
    local start=$servers_folder/mariadb.sql
    printf '%s\n' "CREATE DATABASE IF NOT EXISTS gomon;" "CREATE USER IF NOT EXISTS gomon@'127.0.0.1';" \
        "GRANT ALL ON *.* TO gomon@'127.0.0.1' WITH GRANT OPTION;" >"$start"
    chmod a+r "$start"
    servers_ready=("$admin" --no-defaults -h 127.0.0.1 -P @PORT@ -u gomon --connect-timeout=2 ping)
    if ! servers_run "$log" "$server" --no-defaults --datadir="$data" --port=@PORT@ --bind-address=127.0.0.1 \
        --skip-name-resolve --socket="$servers_folder/mariadb.sock" --pid-file="$servers_folder/mariadb.pid" \
        --init-file="$start" --max-connections=200 --innodb-flush-method=nosync; then
        left_out "MariaDB (the server does not start)"
        return 0
    fi
    export GOMON_TEST_MYSQL_URL="mysql://gomon@127.0.0.1:$servers_port/gomon"
    printf 'MariaDB: %s\n' "$GOMON_TEST_MYSQL_URL"
}

# postgres_bin NAME: the path of one of PostgreSQL's programs; Debian keeps them out of PATH.
postgres_bin() {
    local folder
    for folder in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV); do
        if [[ -x $folder/$1 ]]; then
            printf '%s\n' "$folder/$1"
            return 0
        fi
    done
    command -v "$1"
}

# mariadb_bin NAME: the path of one of MariaDB's programs; the server is in sbin, which a user's PATH may lack.
mariadb_bin() { PATH=$PATH:/usr/local/sbin:/usr/sbin command -v "$1"; }

# servers_prepare LOG COMMAND…: a step before the start, as the servers' user.
servers_prepare() {
    local log=$1
    shift
    servers_command "$@"
    if ! "${servers_argv[@]}" </dev/null >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        return 1
    fi
}

# servers_run LOG COMMAND…: starts a server with a free port in place of @PORT@, and waits until `servers_ready` holds.
# Another program may take the port in between: a server that ends is tried again on another one.
servers_run() {
    local attempt
    servers_last=("$@")
    for ((attempt = 0; attempt < 5; attempt++)); do
        servers_free_port
        if servers_try; then
            return 0
        fi
    done
    tail -n 20 "$1" >&2
    return 1
}

# servers_again: the server that was started last and has been killed, on the port it had. What is left of the old one
# may hold its data for a moment.
servers_again() {
    local attempt
    for ((attempt = 0; attempt < 100; attempt++)); do
        if servers_try; then
            return 0
        fi
        sleep 0.1
    done
    tail -n 20 "${servers_last[0]}" >&2
    return 1
}

# servers_kill: kills the server that was started last, as a machine that fails would, and waits until its sessions have
# noticed: those of PostgreSQL are processes of their own, and may answer once more.
servers_kill() {
    local pid=${servers_pids[$((${#servers_pids[@]} - 1))]} session tick=0
    local sessions
    sessions=$(ps -A -o ppid=,pid= | awk -v server="$pid" '$1 == server { print $2 }')
    kill -KILL "$pid"
    servers_forget
    for session in $sessions; do
        while kill -0 "$session" 2>/dev/null && ((tick++ < 200)); do
            sleep 0.1
        done
    done
}

# servers_try: starts servers_last once, on servers_port.
servers_try() {
    local tick pid
    servers_command "${servers_last[@]:1}"
    "${servers_argv[@]//@PORT@/$servers_port}" </dev/null >>"${servers_last[0]}" 2>&1 &
    pid=$!
    servers_pids+=("$pid")
    for ((tick = 0; tick < 600; tick++)); do
        kill -0 "$pid" 2>/dev/null || break
        if "${servers_ready[@]//@PORT@/$servers_port}" >/dev/null 2>&1; then
            kill -0 "$pid" 2>/dev/null || break # it was somebody else who answered
            return 0
        fi
        sleep 0.1
    done
    servers_forget
    return 1
}

# servers_forget: the server that was started last has ended, or ends here.
servers_forget() {
    local last=$((${#servers_pids[@]} - 1))
    servers_await_end "${servers_pids[$last]}"
    unset "servers_pids[$last]"
}

# servers_command COMMAND…: sets servers_argv to run it as the servers' user, ending with this shell. One setpriv for
# both: a change of user clears the death signal. It execs, so that `$!` is the server itself.
servers_command() {
    servers_argv=()
    if command -v setpriv >/dev/null; then
        servers_argv=(setpriv --pdeathsig QUIT)
        if [[ -n $servers_user ]]; then
            servers_argv+=(--reuid "$servers_user" --regid "$(id -g "$servers_user")" --clear-groups)
        fi
    elif [[ -n $servers_user ]]; then
        servers_argv=(su -s /bin/sh "$servers_user" -c 'exec "$0" "$@"' --)
    fi
    servers_argv+=("$@")
}

# Sets servers_port to a loopback port nobody listens on, below the range the kernel hands out by itself.
servers_free_port() {
    while true; do
        servers_port=$((20000 + RANDOM % 12000))
        (: <"/dev/tcp/127.0.0.1/$servers_port") 2>/dev/null || return 0
    done
}

# Waits up to 20 s for a server to end by itself, then kills it.
servers_await_end() {
    local tick
    for ((tick = 0; tick < 200; tick++)); do
        kill -0 "$1" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}
