#include "controller/race/campaign.hpp"

#include <cstdio>

namespace drainlab::race {

namespace {

class campaign {
  public:
    campaign(const campaign_plan& plan, campaign_listener& listener) : plan_{plan}, listener_{listener} {}

    result<campaign_result> run() {
        if (plan_.checkpoint) { BOOST_OUTCOME_TRY(kept_, checkpoint::read(*plan_.checkpoint)); }
        for (const world_spec& world : plan_.worlds) {
            for (const auto* policy : plan_.policies) {
                if (!applies(*policy, world)) {
                    listener_.does_not_apply(*policy, world);
                    continue;
                }
                BOOST_OUTCOME_TRYV(one(world, *policy));
                result_.interrupted = result_.interrupted || !listener_.go_on();
                if (result_.interrupted) {
                    result_.place_kept = plan_.checkpoint.has_value();
                    return std::move(result_);
                }
            }
        }
        if (plan_.checkpoint && !result_.place_kept) std::remove(plan_.checkpoint->c_str());
        return std::move(result_);
    }

  private:
    result<void> one(const world_spec& world, const kernel::drain_policy& policy) {
        search_options options = plan_.each;
        options.preemptions = plan_.bound(world);
        if (const search_state* from = kept_.find(policy.id(), world, options.preemptions)) {
            options.resume_from = *from;
            if (!from->finished) listener_.resumes(policy, world, *from);
        }
        result<void> saved = client::success();
        double saved_at = options.resume_from ? options.resume_from->seconds : 0;
        options.on_progress = [&](const search_state& s) {
            listener_.progress(policy, world, s);
            if (s.seconds - saved_at >= plan_.save_every_s) {
                saved = save(world, policy, options.preemptions, s);
                saved_at = s.seconds;
            }
            return saved.has_value() && listener_.go_on();
        };
        judgement j = judge(world, policy, options);
        BOOST_OUTCOME_TRYV(std::move(saved));
        if (!j.example) {
            BOOST_OUTCOME_TRYV(save(world, policy, options.preemptions, j.search.state));
            result_.place_kept = result_.place_kept || (plan_.checkpoint && !j.search.exhausted);
        }
        result_.interrupted = j.search.interrupted;
        listener_.judged(j);
        result_.all.push_back(std::move(j));
        return client::success();
    }

    result<void> save(const world_spec& world, const kernel::drain_policy& policy, int preemptions,
                      const search_state& s) {
        if (!plan_.checkpoint) return client::success();
        kept_.keep(policy.id(), world, preemptions, s);
        return kept_.write(*plan_.checkpoint);
    }

    const campaign_plan& plan_;
    campaign_listener& listener_;
    checkpoint kept_;
    campaign_result result_;
};

}  // namespace

result<campaign_result> run_campaign(const campaign_plan& plan, campaign_listener& listener) {
    return campaign{plan, listener}.run();
}

}  // namespace drainlab::race
