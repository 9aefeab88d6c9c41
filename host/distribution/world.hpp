// SPDX-License-Identifier: Apache-2.0
/// Which of several processes this one is, as its launcher says in the environment.

#pragma once

#include <functional>
#include <optional>
#include <string>

namespace weft::host {

/// A variable of the environment; nothing where it is not set or empty.
using Lookup = std::function<std::optional<std::string>(const std::string& name)>;

struct World {
  int rank = 0, size = 1;
  int local_rank = 0, local_size = 1;  ///< among those of this machine, as far as they are known
  std::string launcher;                ///< "torchrun"; empty where no launcher says anything
  std::string address;                 ///< where rank 0 can be reached; empty where nobody says
  int port = 0;                        ///< 0 where nobody says
  bool launcher_serves = false;        ///< torchrun's agent has the store, on rank 0 too
  int restart = 0;                     ///< of the launcher's attempts, from 0
  std::string job;                     ///< names the job, where the launcher does
  int listening = -1;                  ///< a socket that the launcher opened for rank 0

  /// Whether all ranks are on this machine.
  bool is_local() const { return local_size == size; }
};

/// Reads what torchrun (and weft launch, and PyTorchJob on Kubernetes), srun, Open MPI and MPICH
/// set. Without any of them it is one process, also within an allocation of Slurm that `srun` did
/// not start it in.
/// @throws Error (usage) naming the variable that makes no sense
World world_from(const Lookup& variable);
/// Of this process.
World world_from_environment();

/// The first host of Slurm's list: "gpu03" of "gpu[03-05,9],login".
std::string first_host(const std::string& list);

/// How many processes Slurm's list gives to a node, which is counted from 0: 4 of "4(x2),3" to 0
/// and 1, 3 to 2. Nothing where the list does not say.
std::optional<int> tasks_of_node(const std::string& list, int node);

}  // namespace weft::host
