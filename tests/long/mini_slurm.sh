#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A Slurm on this machine, for tests: mini_slurm.sh start DIRECTORY CPUS [NODES] | stop DIRECTORY
# NODES nodes n1, n2, ... of CPUS CPUs, all of them this machine; jobs of the partition high pre-empt those of low, the default.
# Needs root and the packages slurm-wlm and munge; keeps everything in DIRECTORY, needs no systemd and touches nothing under /etc.
# `start` prints a line to be evaluated: export SLURM_CONF=...
set -eu
directory=$(realpath -m "$2")
host=$(hostname)

write_configuration() { # CPUS NODES
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
# Else the main scheduler looks at the queue once a minute.
SchedulerParameters=sched_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
KillWait=5
MinJobAge=600
StateSaveLocation=$directory/state
SlurmdSpoolDir=$directory/spool-%n
SlurmctldPidFile=$directory/slurmctld.pid
SlurmdPidFile=$directory/slurmd-%n.pid
SlurmctldLogFile=$directory/slurmctld.log
SlurmdLogFile=$directory/slurmd-%n.log
SlurmctldPort=16817
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
# Nodes may claim more CPUs than the machine has.
SlurmdParameters=config_overrides
NodeName=n[1-$2] NodeHostname=$host NodeAddr=127.0.0.1 Port=[17001-$((17000 + $2))] CPUs=$1 Boards=1 SocketsPerBoard=1 \
	CoresPerSocket=$1 ThreadsPerCore=1 State=UNKNOWN
PartitionName=low Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=1 GraceTime=15
PartitionName=high Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=10 PreemptMode=OFF
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

wait_until_idle() { # NODES
	for _ in $(seq 600); do
		if [ "$(sinfo -h -N -p low -o %t 2> /dev/null | grep -c idle)" = "$1" ]; then return 0; fi
		sleep 0.5
	done
	echo "the nodes did not come up:" >&2
	tail -n 20 "$directory"/*.log >&2
	return 1
}

start() { # CPUS NODES
	mkdir -p "$directory/state"
	chmod 755 "$directory"
	write_configuration "$1" "$2"
	start_munge
	export SLURM_CONF=$directory/slurm.conf
	slurmctld -i -c > "$directory/start.log" 2>&1
	for node in $(seq "$2"); do slurmd -N "n$node" >> "$directory/start.log" 2>&1; done
	wait_until_idle "$2"
	echo "export SLURM_CONF=$SLURM_CONF"
}

# Jobs first, which would outlive them; then waits until all are gone, so that the directory can be removed.
stop() {
	export SLURM_CONF=$directory/slurm.conf
	timeout 10 scancel --user="$(id -un)" 2> /dev/null || true
	for _ in $(seq 100); do
		[ -n "$(timeout 10 squeue -h 2> /dev/null)" ] || break
		sleep 0.1
	done
	for file in "$directory"/slurmd-*.pid "$directory"/slurmctld.pid "$directory"/munged.pid; do
		[ -f "$file" ] || continue
		pid=$(cat "$file")
		kill "$pid" 2> /dev/null || continue
		for _ in $(seq 100); do
			kill -0 "$pid" 2> /dev/null || break
			sleep 0.1
		done
	done
}

case $1 in
start) start "$3" "${4:-1}" ;;
stop) stop ;;
*)
	echo "usage: $0 start DIRECTORY CPUS [NODES] | stop DIRECTORY" >&2
	exit 2
	;;
esac
