//! Cycles, order and levels over plain ids. Knows nothing of packs; every walk is iterative.

/// A node, by its place in the list of edges.
pub type NodeId = usize;

/// A ring of nodes: each depends on the next, the last on the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle(pub Vec<NodeId>);

/// Groups nodes so that each depends only on nodes of earlier levels (Kahn 1962).
///
/// `dependencies[node]` lists what `node` depends on; an edge may stand there twice. Level 0 depends
/// on nothing. Within a level nodes stand in ascending order, so ids handed out by name order make
/// the result stable. Takes time linear in nodes and edges.
///
/// # Errors
/// The ring through the smallest id that is on one.
///
/// # Panics
/// If an edge names a node that is not in the list.
pub fn levels(dependencies: &[Vec<NodeId>]) -> Result<Vec<Vec<NodeId>>, Cycle> {
    let mut dependents = vec![Vec::new(); dependencies.len()];
    let mut waiting_for: Vec<usize> = dependencies.iter().map(Vec::len).collect();
    for (node, targets) in dependencies.iter().enumerate() {
        for &target in targets {
            dependents[target].push(node);
        }
    }
    let mut levels = Vec::new();
    let mut level: Vec<NodeId> = (0..dependencies.len()).filter(|&node| waiting_for[node] == 0).collect();
    let mut placed = 0;
    while !level.is_empty() {
        let mut next = Vec::new();
        for &node in &level {
            for &dependent in &dependents[node] {
                waiting_for[dependent] -= 1;
                if waiting_for[dependent] == 0 {
                    next.push(dependent);
                }
            }
        }
        placed += level.len();
        next.sort_unstable();
        levels.push(std::mem::replace(&mut level, next));
    }
    if placed == dependencies.len() {
        return Ok(levels);
    }
    Err(ring(dependencies, &waiting_for))
}

/// Follows unplaced dependencies until a node comes up again. Every unplaced node has one.
fn ring(dependencies: &[Vec<NodeId>], waiting_for: &[usize]) -> Cycle {
    let mut seen_at = vec![None; dependencies.len()];
    let mut walk = Vec::new();
    let mut node = waiting_for.iter().position(|&count| count > 0).expect("a node was left unplaced");
    loop {
        if let Some(start) = seen_at[node] {
            let mut ring: Vec<NodeId> = walk.split_off(start);
            let smallest = (0..ring.len()).min_by_key(|&at| ring[at]).expect("a ring has nodes");
            ring.rotate_left(smallest);
            return Cycle(ring);
        }
        seen_at[node] = Some(walk.len());
        walk.push(node);
        let unplaced = dependencies[node].iter().copied().filter(|&target| waiting_for[target] > 0);
        node = unplaced.min().expect("an unplaced node depends on an unplaced node");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn levels_of_a_diamond() {
        let levels = levels(&[vec![1, 2], vec![3], vec![3, 3], vec![]]).unwrap();
        assert_eq!(levels, [vec![3], vec![1, 2], vec![0]]);
        assert_eq!(super::levels(&[]).unwrap(), Vec::<Vec<NodeId>>::new());
    }

    #[test]
    fn rings_are_whole_and_start_at_their_smallest_node() {
        assert_eq!(levels(&[vec![0]]).unwrap_err(), Cycle(vec![0]));
        assert_eq!(levels(&[vec![], vec![3], vec![1], vec![2]]).unwrap_err(), Cycle(vec![1, 3, 2]));
        // Node 0 leads to a ring without being on it.
        assert_eq!(levels(&[vec![2], vec![2], vec![1]]).unwrap_err(), Cycle(vec![1, 2]));
    }

    #[test]
    fn a_deep_chain_needs_no_stack() {
        let chain: Vec<Vec<NodeId>> =
            (0..100_000).map(|node| if node == 0 { vec![] } else { vec![node - 1] }).collect();
        assert_eq!(levels(&chain).unwrap().len(), 100_000);
    }

    proptest! {
        #[test]
        fn levels_or_a_ring_always(edges in prop::collection::vec((0..12usize, 0..12usize), 0..30)) {
            let mut dependencies = vec![Vec::new(); 12];
            for (from, to) in edges {
                dependencies[from].push(to);
            }
            match levels(&dependencies) {
                Ok(levels) => {
                    let mut level_of = [usize::MAX; 12];
                    for (level, nodes) in levels.iter().enumerate() {
                        for &node in nodes {
                            level_of[node] = level;
                        }
                    }
                    for (node, targets) in dependencies.iter().enumerate() {
                        let expected = targets.iter().map(|&target| level_of[target] + 1).max().unwrap_or(0);
                        prop_assert_eq!(level_of[node], expected);
                    }
                }
                Err(Cycle(ring)) => {
                    for (at, node) in ring.iter().enumerate() {
                        prop_assert!(dependencies[*node].contains(&ring[(at + 1) % ring.len()]));
                    }
                }
            }
        }
    }
}
