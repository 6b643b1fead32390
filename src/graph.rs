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
/// A ring, from its smallest id on.
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

/// Adds to `dependencies` those edges of `wishes` that are part of no ring then. Takes time linear in
/// nodes and edges.
///
/// # Panics
/// If an edge names a node that is not in the list, or the lists are not of one length.
pub fn with_wishes(mut dependencies: Vec<Vec<NodeId>>, wishes: &[Vec<NodeId>]) -> Vec<Vec<NodeId>> {
    assert_eq!(dependencies.len(), wishes.len(), "every node has both");
    let edges: Vec<Vec<NodeId>> =
        dependencies.iter().zip(wishes).map(|(own, wished)| [&own[..], &wished[..]].concat()).collect();
    let (component_of, _) = components(&edges);
    for (node, targets) in dependencies.iter_mut().enumerate() {
        targets.extend(wishes[node].iter().filter(|&&target| component_of[target] != component_of[node]));
    }
    dependencies
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

/// How deep each node lies, and whether there are rings.
///
/// The depth of a node is the longest way to it from a node nothing depends on, where all nodes of
/// a ring count as one. So whatever depends on a node lies higher or shares a ring with it. Takes
/// time linear in nodes and edges.
///
/// # Panics
/// If an edge names a node that is not in the list.
pub fn depths(dependencies: &[Vec<NodeId>]) -> (Vec<usize>, bool) {
    let (component_of, count) = components(dependencies);
    let mut depth_of_component = vec![0; count];
    let mut members: Vec<Vec<NodeId>> = vec![Vec::new(); count];
    for (node, &component) in component_of.iter().enumerate() {
        members[component].push(node);
    }
    // A component stands behind all it depends on, so from the last to the first every dependent
    // comes before what it depends on.
    let mut has_rings = false;
    for component in (0..count).rev() {
        has_rings |= members[component].len() > 1;
        for &node in &members[component] {
            for &target in &dependencies[node] {
                has_rings |= target == node;
                let depth = depth_of_component[component] + 1;
                let target = component_of[target];
                if target != component {
                    depth_of_component[target] = depth_of_component[target].max(depth);
                }
            }
        }
    }
    (component_of.iter().map(|&component| depth_of_component[component]).collect(), has_rings)
}

/// The strongly connected component of each node and how many there are (Tarjan 1972). Components
/// are numbered so that each depends only on lower ones.
fn components(dependencies: &[Vec<NodeId>]) -> (Vec<usize>, usize) {
    const NONE: usize = usize::MAX;
    let mut index = vec![NONE; dependencies.len()];
    let mut low = vec![NONE; dependencies.len()];
    let mut component_of = vec![NONE; dependencies.len()];
    let (mut next_index, mut count) = (0, 0);
    let mut path: Vec<NodeId> = Vec::new();
    // The nodes being visited, each with the edge to look at next.
    let mut walk: Vec<(NodeId, usize)> = Vec::new();
    for start in 0..dependencies.len() {
        if index[start] == NONE {
            walk.push((start, 0));
        }
        while let Some((node, edge)) = walk.pop() {
            if edge == 0 {
                (index[node], low[node]) = (next_index, next_index);
                next_index += 1;
                path.push(node);
            } else {
                // The walk came back over the edge before.
                let target = dependencies[node][edge - 1];
                if component_of[target] == NONE {
                    low[node] = low[node].min(low[target]);
                }
            }
            if let Some(&target) = dependencies[node].get(edge) {
                walk.push((node, edge + 1));
                if index[target] == NONE {
                    walk.push((target, 0));
                }
            } else if low[node] == index[node] {
                while let Some(member) = path.pop() {
                    component_of[member] = count;
                    if member == node {
                        break;
                    }
                }
                count += 1;
            }
        }
    }
    (component_of, count)
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
    fn wishes_count_where_they_make_no_ring() {
        let dependencies = || vec![vec![], vec![], vec![1], vec![]];
        assert_eq!(with_wishes(dependencies(), &[vec![2], vec![], vec![], vec![]])[0], [2]);
        assert_eq!(with_wishes(dependencies(), &[vec![], vec![2], vec![], vec![]]), dependencies());
        // Each would like the other before it; that both would like 3 is another matter.
        let mutual = with_wishes(vec![vec![]; 4], &[vec![1, 3], vec![0, 3], vec![], vec![]]);
        assert_eq!(mutual[..2], [[3], [3]]);
        // A ring of dependencies stays one, and is told without wishes.
        let ring = with_wishes(vec![vec![2], vec![], vec![0]], &[vec![1], vec![0], vec![1]]);
        assert_eq!(levels(&ring).unwrap_err(), Cycle(vec![0, 2]));
    }

    #[test]
    fn a_deep_chain_needs_no_stack() {
        let chain: Vec<Vec<NodeId>> =
            (0..100_000).map(|node| if node == 0 { vec![] } else { vec![node - 1] }).collect();
        assert_eq!(levels(&chain).unwrap().len(), 100_000);
    }

    #[test]
    fn depths_of_a_diamond_and_of_rings() {
        assert_eq!(depths(&[vec![1, 2], vec![3], vec![3, 3], vec![]]), (vec![0, 1, 1, 2], false));
        assert_eq!(depths(&[vec![1], vec![2], vec![1, 3], vec![]]), (vec![0, 1, 1, 2], true));
        assert_eq!(depths(&[vec![0]]), (vec![0], true));
        let chain: Vec<Vec<NodeId>> =
            (0..100_000).map(|node| if node == 0 { vec![] } else { vec![node - 1] }).collect();
        assert_eq!(depths(&chain).0[0], 99_999);
    }

    proptest! {
        #[test]
        fn dependents_lie_higher_or_share_a_ring(
            edges in prop::collection::vec((0..12usize, 0..12usize), 0..30),
        ) {
            let mut dependencies = vec![Vec::new(); 12];
            for &(from, to) in &edges {
                dependencies[from].push(to);
            }
            let reaches = |from: usize, to: usize| {
                let mut seen = [false; 12];
                let mut open = vec![from];
                while let Some(node) = open.pop() {
                    for &target in &dependencies[node] {
                        if !std::mem::replace(&mut seen[target], true) {
                            open.push(target);
                        }
                    }
                }
                seen[to]
            };
            let (depths, has_rings) = depths(&dependencies);
            prop_assert_eq!(has_rings, levels(&dependencies).is_err());
            for &(from, to) in &edges {
                if reaches(to, from) {
                    prop_assert_eq!(depths[from], depths[to]);
                } else {
                    prop_assert!(depths[from] < depths[to]);
                }
            }
        }

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
