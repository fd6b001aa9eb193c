#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A Slurm of one node on this machine, for tests: mini_slurm.sh start DIRECTORY CPUS | stop DIRECTORY
# Needs root and the packages slurm-wlm and munge; keeps everything in DIRECTORY, needs no systemd and touches nothing under /etc.
# `start` prints a line to be evaluated: export SLURM_CONF=...
set -eu
directory=$(realpath -m "$2")
host=$(hostname)

write_configuration() { # CPUS
	cat > "$directory/slurm.conf" <<END
ClusterName=mini
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CryptoType=crypto/munge
# The time for which a credential holds is also the time that a requeued job waits: 120 seconds if not set.
AuthInfo=socket=$directory/munge/socket,cred_expire=5
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SchedulerType=sched/builtin
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
KillWait=5
MinJobAge=600
StateSaveLocation=$directory/state
SlurmdSpoolDir=$directory/spool
SlurmctldPidFile=$directory/slurmctld.pid
SlurmdPidFile=$directory/slurmd.pid
SlurmctldLogFile=$directory/slurmctld.log
SlurmdLogFile=$directory/slurmd.log
SlurmctldPort=16817
SlurmdPort=16818
# The node may claim more CPUs than the machine has.
SlurmdParameters=config_overrides
NodeName=$host NodeAddr=127.0.0.1 CPUs=$1 Boards=1 SocketsPerBoard=1 CoresPerSocket=$1 ThreadsPerCore=1 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
}

start_munge() {
	mkdir -p "$directory/munge"
	chmod 700 "$directory/munge"
	head -c 128 /dev/urandom > "$directory/munge/key"
	chmod 400 "$directory/munge/key"
	munged --force --key-file="$directory/munge/key" --socket="$directory/munge/socket" --pid-file="$directory/munged.pid" \
		--log-file="$directory/munge/log" --seed-file="$directory/munge/seed"
}

wait_until_idle() {
	for _ in $(seq 600); do
		if [ "$(sinfo -h -o %t 2> /dev/null)" = idle ]; then return 0; fi
		sleep 0.5
	done
	echo "the node did not come up:" >&2
	tail -n 20 "$directory"/*.log >&2
	return 1
}

start() { # CPUS
	mkdir -p "$directory/state" "$directory/spool"
	chmod 755 "$directory"
	write_configuration "$1"
	start_munge
	export SLURM_CONF=$directory/slurm.conf
	slurmctld -i -c > "$directory/start.log" 2>&1
	slurmd >> "$directory/start.log" 2>&1
	wait_until_idle
	echo "export SLURM_CONF=$SLURM_CONF"
}

# Waits until they are gone, so that the directory can be removed.
stop() {
	for name in slurmd slurmctld munged; do
		[ -f "$directory/$name.pid" ] || continue
		pid=$(cat "$directory/$name.pid")
		kill "$pid" 2> /dev/null || continue
		for _ in $(seq 100); do
			kill -0 "$pid" 2> /dev/null || break
			sleep 0.1
		done
	done
}

case $1 in
start) start "$3" ;;
stop) stop ;;
*)
	echo "usage: $0 start DIRECTORY CPUS | stop DIRECTORY" >&2
	exit 2
	;;
esac
